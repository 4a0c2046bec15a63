"""Proving that a recogniser is good enough before it may go near a camera."""
