"""The embedded default: Postgres, Redis and Rapport's processes as child processes."""
