"""LinkedIn's lists: birthdays and sent invitations."""
