"""`rapport backup` and `rapport restore`."""
