"""Checks of what arrives from outside: JSON, correlation ids, refusals."""
