"""The form of messages from the broker, and what is stored of malformed ones."""
