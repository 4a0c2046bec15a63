"""What people have from other systems: one file a system; nothing of theirs is believed but who it is."""
