"""Verbs by noun; each takes a session and gives back plain records."""
