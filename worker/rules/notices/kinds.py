"""The kinds of notices, how urgent each is, and for how long it is worth sending."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final


class NoticeKind(StrEnum):
    """What a person is told about. The table of events has a CHECK on these codes."""

    ACCOUNT_STOPPED = "account_stopped"
    NEEDS_REVIEW = "needs_review"
    APPROVAL_WAITING = "approval_waiting"
    CAMPAIGN_ENDED = "campaign_ended"
    SESSION_EXPIRING = "session_expiring"
    SESSION_REFUSED = "session_refused"
    UPKEEP_LATE = "upkeep_late"
    QUOTA_DISAGREEMENT = "quota_disagreement"
    NOBODY_CONSUMES = "nobody_consumes"
    SITE_CHANGED = "site_changed"
    MORNING_DIGEST = "morning_digest"
    EVENING_SUMMARY = "evening_summary"
    TEST = "test"


class Urgency(StrEnum):
    """How soon a notice is sent, and whether others may be in the same message."""

    URGENT = "urgent"
    """At once; only those that follow within a minute wait for each other."""
    ORDINARY = "ordinary"
    """Collected for a short time, then sent together."""
    SEPARATE = "separate"
    """At once, each as a message of its own."""


_URGENT: Final = frozenset(
    {NoticeKind.ACCOUNT_STOPPED, NoticeKind.SESSION_REFUSED, NoticeKind.NOBODY_CONSUMES}
)
_SEPARATE: Final = frozenset({NoticeKind.MORNING_DIGEST, NoticeKind.EVENING_SUMMARY, NoticeKind.TEST})

CHOOSABLE: Final = tuple(kind for kind in NoticeKind if kind is not NoticeKind.TEST)
"""The kinds that a target may be limited to. A test goes to the target that is tested."""

_A_DAY: Final = timedelta(days=1)
_SENT_WITHIN: Final[Mapping[NoticeKind, timedelta]] = {
    NoticeKind.APPROVAL_WAITING: _A_DAY,
    NoticeKind.CAMPAIGN_ENDED: _A_DAY,
    NoticeKind.MORNING_DIGEST: timedelta(hours=6),
    NoticeKind.EVENING_SUMMARY: timedelta(hours=6),
    NoticeKind.TEST: timedelta(minutes=10),
}
_OTHERS_SENT_WITHIN: Final = timedelta(days=3)


def urgency_of(kind: NoticeKind) -> Urgency:
    """Return how urgent notices of this kind are."""
    if kind in _URGENT:
        return Urgency.URGENT
    return Urgency.SEPARATE if kind in _SEPARATE else Urgency.ORDINARY


def sent_within(kind: NoticeKind) -> timedelta:
    """Return how long after its event a notice is still worth sending; later it is given up."""
    return _SENT_WITHIN.get(kind, _OTHERS_SENT_WITHIN)
