"""Days, birthdays, time zones, and when a schedule fires."""
