"""Which sent invitations to withdraw: the oldest first, at most so many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, SentInvitation


class Verdict(StrEnum):
    """What is to become of an invitation, or why nothing is."""

    WITHDRAW = "withdraw"
    PLANNED = "planned"
    TRIED = "tried"
    TOO_YOUNG = "too_young"
    OVER_LIMIT = "over_limit"


@dataclass(frozen=True, slots=True)
class InvitedContact:
    """A contact who was invited. `planned_as` is the state of a withdrawal, open or of this week."""

    contact_id: int
    invitation: SentInvitation
    planned_as: ActionState | None = None


def decide_withdrawals(
    invited: Sequence[InvitedContact], today: date, *, older_than_days: int, limit: int
) -> list[tuple[InvitedContact, Verdict]]:
    """Return what is to become of each invitation of a list that is newest first; the oldest first.

    One that is on its way counts in the limit, so that asking twice changes nothing. One whose turn this
    week has ended does not: else a few that can't be withdrawn would hold up all others.
    """
    judged = []
    left = limit
    oldest_first = list(reversed(invited))
    oldest_first.sort(key=lambda one: one.invitation.sent_on)
    for one in oldest_first:
        verdict = _verdict(one, today, older_than_days, left)
        left -= verdict in {Verdict.WITHDRAW, Verdict.PLANNED}
        judged.append((one, verdict))
    return judged


def _verdict(one: InvitedContact, today: date, older_than_days: int, left: int) -> Verdict:
    if one.planned_as is not None:
        return Verdict.TRIED if one.planned_as in END_STATES else Verdict.PLANNED
    if (today - one.invitation.sent_on).days < older_than_days:
        return Verdict.TOO_YOUNG
    return Verdict.WITHDRAW if left > 0 else Verdict.OVER_LIMIT
