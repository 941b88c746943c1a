"""`rapport review`: decide on proposed greetings."""
