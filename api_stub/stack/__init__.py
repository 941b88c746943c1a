"""The embedded default: real Postgres, real Redis and our processes as children."""
