"""The people of the practice network, and the file that they are kept in."""
