"""Measurements: each script runs both sides in the same run and prints the ratio. None of it is a test."""
