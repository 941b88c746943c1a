"""Calendars: yearly events that are birthdays."""
