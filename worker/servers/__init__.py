"""Postgres and Redis: the forms of their addresses, clients of Redis, and its access lists."""
