"""The node's half of an SSH target, sent over and run there: needs Python 3.8 alone, and NumPy for `answers`.

Nothing of it stays on the node. A module here imports the standard library and its neighbours, and no more.
"""
