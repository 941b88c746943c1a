"""The people of the practice network, and their storage."""
