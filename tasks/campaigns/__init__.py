"""Campaigns, from the request to planned actions."""
