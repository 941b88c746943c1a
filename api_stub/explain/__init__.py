"""Explain in words why something happens or not: gates, next steps, forecasts. Both doors use it."""
