"""`rapport account`: add, list, sign in, pause, resume and remove accounts."""
