"""Decisions of people on proposals: list them, decide, and take a decision back."""
