"""The quota: one Lua script and the one wrapper that calls it."""
