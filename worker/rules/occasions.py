"""Why an action happens, as a key (design §1). The key of a birthday is in `birthdays`, the others here."""

from datetime import date
from uuid import UUID


def visit_occasion(on: date, campaign_id: UUID) -> str:
    """Return the occasion of a visit that a visitor campaign plans on `on`, by its week of ISO 8601.

    With the campaign, so that a visit which came to nothing keeps no other campaign from making one; that
    nobody is visited too often is a gate's business (db/store/actions/gates.py).
    """
    return f"visit:{_week(on)}:{campaign_id}"


def withdrawal_occasion(on: date) -> str:
    """Return the occasion of an invitation's withdrawal that is planned on `on`."""
    return f"withdraw:{_week(on)}"


def search_occasion(campaign_id: UUID) -> str:
    """Return the occasion of a visit to somebody whom the campaign's search found."""
    return f"search:{campaign_id}"


def search_page_occasion(campaign_id: UUID, number: int) -> str:
    """Return the occasion of reading page `number` (1, 2, ...) of the campaign's search."""
    return f"search:{campaign_id}:{number}"


def _week(on: date) -> str:
    year, week, _ = on.isocalendar()
    return f"{year}-W{week:02}"
