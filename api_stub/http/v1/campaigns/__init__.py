"""Campaigns, their actions, and what they are made from."""
