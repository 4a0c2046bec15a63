"""Putting versions on machines, proving them there, and taking them back."""
