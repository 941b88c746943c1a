"""The Celery tasks: each takes a checked payload and calls what does the work."""
