"""Rules of subscribed address books and calendars."""
