"""Campaigns with their schedules, message templates, searches and hits."""
