"""What to call a person."""
