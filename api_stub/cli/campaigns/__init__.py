"""`rapport campaign`, `schedule` and `invitations`: start, follow and change campaigns."""
