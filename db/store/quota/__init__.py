"""The quota in Postgres: limits, epochs, the ledger, status, forecasts, and the fallback."""
