"""The curated rows: who a person says is in which face."""
