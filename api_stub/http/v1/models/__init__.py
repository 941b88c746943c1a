"""Bodies that only the routes of /v1 have."""
