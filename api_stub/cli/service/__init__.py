"""`rapport service`."""
