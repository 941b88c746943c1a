"""Erasing people, and keeping them erased."""
