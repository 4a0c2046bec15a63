"""Turning aligned crops into embeddings."""
