"""The Celery tasks only: each takes a validated payload and calls the function that does the work."""
