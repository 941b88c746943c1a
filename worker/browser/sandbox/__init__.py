"""The adapter of the practice network."""
