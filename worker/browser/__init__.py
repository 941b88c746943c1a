"""Sites, opened in a real Chromium."""
