"""Who may open the console: users, attempts to sign in, one-time links, and sessions."""
