"""Reads address books (CardDAV) and calendars (iCalendar) of servers. Nothing is ever written to them."""
