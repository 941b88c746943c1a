"""Campaigns, from the request to the planned actions."""
