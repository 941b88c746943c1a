"""Reads and writes of the tables by subject. Functions take a session and return plain records."""
