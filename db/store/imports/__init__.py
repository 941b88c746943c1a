"""Runs of imports, and the birthdays that they left open."""
