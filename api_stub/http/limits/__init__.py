"""Limits on connections, and on the size and time of requests and uploads."""
