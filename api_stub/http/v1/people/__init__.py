"""The people an account knows."""
