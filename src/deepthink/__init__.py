"""DeepThink: the learning half of a home camera network."""

__version__ = "0.1.0"
