"""Occasions: the key that says why an action happens. One contact has one action of a kind for one occasion.

The key of a birthday is `birthday_occasion` in worker/rules/dates/birthdays.py.
"""

from datetime import date
from uuid import UUID


def visit_occasion(on: date, campaign_id: UUID) -> str:
    """Return the occasion of a visit that a visitor campaign plans on `on`, by its ISO 8601 week.

    It includes the campaign, so that a failed visit doesn't prevent a visit by another campaign.
    db/store/actions/gates.py prevents too frequent visits.
    """
    return f"visit:{_week(on)}:{campaign_id}"


def checked_occasion(on: date) -> str:
    """Return the occasion of opening a profile to check the site's pages."""
    return f"visit:{_week(on)}"


def withdrawal_occasion(on: date) -> str:
    """Return the occasion of withdrawing an invitation, planned on `on`."""
    return f"withdraw:{_week(on)}"


def search_occasion(campaign_id: UUID) -> str:
    """Return the occasion of visiting a person whom the campaign's search found."""
    return f"search:{campaign_id}"


def search_page_occasion(campaign_id: UUID, number: int) -> str:
    """Return the occasion of reading page `number` (1, 2, ...) of the campaign's search."""
    return f"search:{campaign_id}:{number}"


def _week(on: date) -> str:
    year, week, _ = on.isocalendar()
    return f"{year}-W{week:02}"
