"""The whole road, in order: from settings to objects, step by step, with a journal."""
