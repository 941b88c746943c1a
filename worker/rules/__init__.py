"""Pure rules: same input, same answer. No I/O, no clock, no randomness of their own."""
