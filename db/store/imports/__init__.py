"""Import runs, and birthdays that need a person's confirmation."""
