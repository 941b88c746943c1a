"""LinkedIn's conversations: whose they are, what was written, and what was sent."""
