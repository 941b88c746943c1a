"""Backups: their plan, the keys in use, and the restorations of this database."""
