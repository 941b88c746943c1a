"""`rapport watch`: show campaigns while they run."""
