"""The rule of the quota: limits, windows, gates, breaker, decisions and forecast."""
