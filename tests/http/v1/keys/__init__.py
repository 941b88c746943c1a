"""Named keys at the front door."""
