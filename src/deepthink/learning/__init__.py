"""What is learnt between trainings."""
