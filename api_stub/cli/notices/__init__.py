"""`rapport notify`: whom to tell what."""
