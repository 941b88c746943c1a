"""The whole system for a bench: how it is started, filled, and measured."""
