"""The recogniser: training, baselines, the decision rule, and its files."""
