"""Imports that were asked for over HTTP or in the console: the files that were sent, and what runs."""
