"""Who is told what happens, and how."""
