"""LinkedIn's profiles and people searches."""
