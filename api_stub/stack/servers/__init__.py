"""The embedded Postgres and Redis, and their ports."""
