"""A sign-in by a person: the window shown far away, and what is kept of a session."""
