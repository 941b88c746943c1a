"""What greetings say, and what counts as an answer."""
