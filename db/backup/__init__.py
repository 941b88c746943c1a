"""Backups: one encrypted file with all rows of the database, and its restoration (docs/backup.md)."""
