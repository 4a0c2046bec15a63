"""Finding faces in frames, and aligning them for an embedder."""
