"""The commands of `rapport templates`."""
