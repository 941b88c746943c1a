"""Flower, started so that it works with each form of REDIS_URL and logs as all others do."""
