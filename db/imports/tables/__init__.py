"""CSV tables: one reader for each program, and their common parts."""
