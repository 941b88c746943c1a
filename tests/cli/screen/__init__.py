"""What a person reads on a terminal of a given size, and what a pipe gets."""
