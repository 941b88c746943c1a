"""`rapport review`: approve proposed greetings."""
