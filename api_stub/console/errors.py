"""Faults that a page answers with."""


class UnknownPageError(Exception):
    """There is nothing at this address: no such page, person, campaign or action."""
