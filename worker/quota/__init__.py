"""The quota in Redis: one Lua script and its only caller."""
