"""`rapport campaign`, `schedule` and `invitations`: start, show and change campaigns."""
