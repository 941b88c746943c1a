"""What an action costs without its browser."""
