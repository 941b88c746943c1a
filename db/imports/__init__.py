"""Imports of contact files. Entries that can't be used are refused one by one, with a reason."""
