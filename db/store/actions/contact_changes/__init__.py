"""What happens to a contact's open actions when the contact is edited, merged or moves."""
