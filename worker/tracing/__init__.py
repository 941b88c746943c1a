"""Traces: one for each correlation id, from the request to the effect. Off unless RAPPORT_TRACES is set."""
