"""What Postgres knows for a scrape of /metrics. Each `read` yields metrics, at a bounded cost."""
