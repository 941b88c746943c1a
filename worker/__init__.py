"""The lowest layer: the Celery app, pure rules, the quota and the browser."""
