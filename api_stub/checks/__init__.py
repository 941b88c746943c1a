"""Checks of an installation that need no terminal: `rapport doctor` and the console show their findings."""
