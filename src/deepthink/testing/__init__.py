"""Checks that a plug-in keeps its contract, for its author's tests and for ours."""
