"""Answering who is in an event; runs on the sentinel, and stands on little."""
