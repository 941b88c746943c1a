"""Many contacts, many accounts, and what they need."""
