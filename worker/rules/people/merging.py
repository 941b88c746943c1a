"""What remains when two contacts of an account prove to be one person.

Every rule is symmetric, so that the result does not depend on which contact was found first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from worker.errors import Reason
from worker.rules.model import ActionState as S
from worker.rules.model import ContactStatus

_DECIDED: Final = frozenset(
    {
        Reason.DO_NOT_CONTACT, Reason.ALREADY_GREETED, Reason.CONTACT_REPLIED, Reason.WRITTEN_BY_HAND,
        Reason.DROPPED_BY_HAND, Reason.SETTLED_BY_HAND,
    }
)  # fmt: skip
"""Reasons for which a skipped action also speaks against the other contact's."""

_RANKS: Final[Mapping[S, int]] = {
    S.DONE: 6, S.ACTING: 5, S.UNCERTAIN: 5, S.NEEDS_REVIEW: 5,
    S.CLAIMED: 3, S.QUEUED: 3, S.PLANNED: 2, S.PROPOSED: 1, S.FAILED: 0, S.SKIPPED: 0,
}  # fmt: skip
_DECIDED_RANK: Final = 4

_STATUS_RANKS: Final[Mapping[str, int]] = {
    ContactStatus.NOT_CONNECTED: 2,  # the site showed it; a later birthdays page marks them connected
    ContactStatus.CONNECTED: 1,
    ContactStatus.PROSPECT: 0,
}


def rank_action(state: S, reason: Reason | None) -> int:
    """Return how much an action counts against another for the same occasion; the higher one stays.

    An effect that happened, or may have, is above a decision against it, which is above a plan.
    """
    return _DECIDED_RANK if state is S.SKIPPED and reason in _DECIDED else _RANKS[state]


@dataclass(frozen=True, slots=True)
class MergedValues:
    """The values of the contact that remains. `days_in_doubt` are birthdays that contradict each other."""

    values: Mapping[str, Any]
    days_in_doubt: Sequence[tuple[int, int, int | None]] = ()


def merge_values(older: Mapping[str, Any], newer: Mapping[str, Any]) -> MergedValues:
    """Return the columns of contacts of one person, from those of two contacts; `older` has the lower id.

    The older one's value counts, and the other's where it has none; do-not-contact of either counts, and the
    longer hold.
    """
    names = [row["full_name"] for row in (older, newer) if not _is_only_address(row)] or [older["full_name"]]
    merged: dict[str, Any] = {
        "full_name": names[0],
        "do_not_contact": older["do_not_contact"] or newer["do_not_contact"],
        "status": max(older["status"], newer["status"], key=_STATUS_RANKS.__getitem__),
        "profile": {**newer["profile"], **older["profile"]},
        "by_hand": {**(newer["by_hand"] or {}), **(older["by_hand"] or {})} or None,
        "import_id": older["import_id"] if older["import_id"] == newer["import_id"] else None,
    }
    for column in ("call_by", "email", "language", "connected_on"):
        merged[column] = older[column] if older[column] is not None else newer[column]
    for column in ("score", "last_greeted_on", "replied_at", "away_until"):
        merged[column] = max(filter(None, (older[column], newer[column])), default=None)
    longer = max((older, newer), key=lambda row: row["hold_until"] or date.min)
    merged |= {column: longer[column] for column in ("hold_until", "hold_reason", "hold_by")}
    birthday, doubts = _merge_birthdays(older, newer)
    return MergedValues(merged | birthday, doubts)


def _is_only_address(row: Mapping[str, Any]) -> bool:
    """Return whether the name is the address' last part, as of a contact added by address."""
    return bool(row["full_name"] == row["profile_url"].rstrip("/").rpartition("/")[2])


def _merge_birthdays(
    older: Mapping[str, Any], newer: Mapping[str, Any]
) -> tuple[dict[str, Any], Sequence[tuple[int, int, int | None]]]:
    """Return the birthday of both; none, and both days, if they differ and no person set one by hand.

    A site shows 29 February as the 28th in other years.
    """
    by_hand = [row for row in (older, newer) if "birthday" in (row["by_hand"] or {})]
    known = by_hand[:1] or [row for row in (older, newer) if row["birth_month"] is not None]
    days = sorted({(row["birth_month"], row["birth_day"]) for row in known})
    if days == [(2, 28), (2, 29)]:
        days = [(2, 29)]
    years = [row["birth_year"] for row in known if row["birth_year"] is not None]
    if len(days) > 1:
        doubts = [(row["birth_month"], row["birth_day"], row["birth_year"]) for row in known]
        return {"birth_month": None, "birth_day": None, "birth_year": None}, doubts
    month, day = days[0] if days else (None, None)
    return {"birth_month": month, "birth_day": day, "birth_year": years[0] if years and days else None}, ()
