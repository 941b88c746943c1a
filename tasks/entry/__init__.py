"""The Celery tasks, and nothing else: each takes a validated payload and calls what does the work."""
