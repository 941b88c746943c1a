"""Accounts and their contacts."""
