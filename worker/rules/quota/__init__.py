"""The quota's rule and the numbers that it works with."""
