"""Imports of people, and what is asked about them."""
