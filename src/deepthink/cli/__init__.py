"""The command line: one short file a verb. Flags in, one step called, a few lines out."""
