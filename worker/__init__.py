"""How things are done: the Celery app, pure rules, the quota, the browser."""
