"""Sites as a person sees them, through a real Chromium."""
