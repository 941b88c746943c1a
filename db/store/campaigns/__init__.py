"""Campaigns, what starts them, what they say, and what their searches found."""
