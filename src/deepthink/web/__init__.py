"""The review page: what `deepthink serve review` shows, and to whom."""
