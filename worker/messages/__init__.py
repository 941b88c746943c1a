"""The form of every message that our processes read from the broker: a task, or a broadcast."""
