"""Which sent invitations to withdraw: the oldest first, up to a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, SentInvitation


class Verdict(StrEnum):
    """Whether an invitation is to be withdrawn, or why not."""

    WITHDRAW = "withdraw"
    PLANNED = "planned"
    TRIED = "tried"
    TOO_YOUNG = "too_young"
    OVER_LIMIT = "over_limit"


@dataclass(frozen=True, slots=True)
class InvitedContact:
    """An invited contact. `planned_as` is the state of a withdrawal that is open or of this week, or None."""

    contact_id: int
    invitation: SentInvitation
    planned_as: ActionState | None = None


def decide_withdrawals(
    invited: Sequence[InvitedContact], today: date, *, older_than_days: int, limit: int
) -> list[tuple[InvitedContact, Verdict]]:
    """Return a verdict for each invitation, oldest first; `invited` is newest first, as the site lists it.

    A withdrawal that is planned counts towards `limit`, so that asking twice changes nothing. One that ended
    this week doesn't: a few that can't be withdrawn would otherwise block all others.
    """
    decided = []
    left = limit
    oldest_first = list(reversed(invited))
    oldest_first.sort(key=lambda one: one.invitation.sent_on)
    for one in oldest_first:
        verdict = _verdict(one, today, older_than_days, left)
        left -= verdict in {Verdict.WITHDRAW, Verdict.PLANNED}
        decided.append((one, verdict))
    return decided


def _verdict(one: InvitedContact, today: date, older_than_days: int, left: int) -> Verdict:
    if one.planned_as is not None:
        return Verdict.TRIED if one.planned_as in END_STATES else Verdict.PLANNED
    if (today - one.invitation.sent_on).days < older_than_days:
        return Verdict.TOO_YOUNG
    return Verdict.WITHDRAW if left > 0 else Verdict.OVER_LIMIT
