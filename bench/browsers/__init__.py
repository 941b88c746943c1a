"""What greetings, visits and reading cost in a real browser."""
