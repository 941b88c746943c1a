"""vCard files."""
