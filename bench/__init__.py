"""Measurements: each script runs both sides in one go and prints the ratio. Nothing here is a test."""
