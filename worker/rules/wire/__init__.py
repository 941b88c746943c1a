"""Checks of untrusted input: JSON, correlation ids and refused messages."""
