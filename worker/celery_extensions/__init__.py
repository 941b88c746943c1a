"""Rapport's own parts of Celery: its transport, consumer, requests and bootsteps."""
