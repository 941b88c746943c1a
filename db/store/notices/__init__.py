"""Notices: events, targets and deliveries. Below all other groups, since each of them writes events.

What a digest reads lies in db.store.reports.
"""
