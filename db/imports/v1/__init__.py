"""The predecessor's SQLite file: people, what was sent to them, and whom to leave alone."""
