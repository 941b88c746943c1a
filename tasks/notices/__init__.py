"""Notices: add targets, send messages, and the process that does so."""
