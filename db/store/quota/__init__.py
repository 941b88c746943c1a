"""The quota in Postgres: limits, status, forecasts, and the fallback for when Redis is away."""
