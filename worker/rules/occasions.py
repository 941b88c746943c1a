"""Why an action happens, as a key (design §1). The key of a birthday is in `birthdays`, the others here."""

from datetime import date
from uuid import UUID


def visit(on: date) -> str:
    """Return the occasion of a visit that a visitor campaign plans on `on`: one in a week of ISO 8601."""
    return f"visit:{_week(on)}"


def withdrawal(on: date) -> str:
    """Return the occasion of an invitation's withdrawal that is planned on `on`."""
    return f"withdraw:{_week(on)}"


def search(campaign_id: UUID) -> str:
    """Return the occasion of a visit to somebody whom the campaign's search found."""
    return f"search:{campaign_id}"


def page(campaign_id: UUID, number: int) -> str:
    """Return the occasion of reading page `number` (1, 2, ...) of the campaign's search."""
    return f"search:{campaign_id}:{number}"


def page_of(occasion: str) -> int:
    """Return the number of the page that `page` made the occasion of. Raises ValueError for any other."""
    return int(occasion.rsplit(":", 1)[1])


def _week(on: date) -> str:
    year, week, _ = on.isocalendar()
    return f"{year}-W{week:02}"
