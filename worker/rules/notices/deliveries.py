"""Deliveries of notices: their states, why sending fails, and when it is tried again or given up."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from worker.rules.notices.kinds import NoticeKind, sent_within


class DeliveryState(StrEnum):
    """Where a notice to one target stands. The table has a CHECK on these codes."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Outcome(StrEnum):
    """How a delivery ended, as the totals count it. The table has a CHECK on these codes."""

    SENT = "sent"
    MAYBE_TWICE = "maybe_twice"
    FAILED = "failed"
    DROPPED = "dropped"


class SendFailure(StrEnum):
    """Why a message was not sent. The tables have a CHECK on these codes."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    CERTIFICATE = "certificate"
    SIGN_IN_REFUSED = "sign_in_refused"
    NOT_FOUND = "not_found"
    REDIRECTED = "redirected"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    NOT_SENT = "not_sent"
    KEYS = "keys"
    TOO_OLD = "too_old"


WHAT_HAPPENED: Final = {
    SendFailure.UNREACHABLE: "the server could not be reached",
    SendFailure.TIMEOUT: "the server took too long to answer",
    SendFailure.INTERRUPTED: "the connection broke off before the server answered",
    SendFailure.CERTIFICATE: "the server's certificate could not be verified",
    SendFailure.SIGN_IN_REFUSED: "the server refused the user, the password or the token",
    SendFailure.NOT_FOUND: "the server knows no such recipient",
    SendFailure.REDIRECTED: "the server answered with a redirect, which is not followed",
    SendFailure.REFUSED: "the server refused the message",
    SendFailure.RATE_LIMITED: "the server takes no more messages for a while",
    SendFailure.SERVER_ERROR: "the server answered with an error",
    SendFailure.NOT_SENT: "the service did not take the message",
    SendFailure.KEYS: "the stored URL can't be decrypted: RAPPORT_NOTICE_KEYS lacks its key",
    SendFailure.TOO_OLD: "it was too old to be of use",
}
_ABOUT_THE_MESSAGE: Final = frozenset({SendFailure.REFUSED, SendFailure.NOT_SENT})
"""Failures that another message might not have, so that this one must not stop the target for days."""
_MOST_ATTEMPTS: Final = 8
"""For failures of the message: over about an hour."""

LEASE: Final = timedelta(minutes=2)
"""A message that is being sent for longer was lost by its sender. Longer than a sender may take."""
_FIRST_RETRY: Final = timedelta(seconds=15)
_LAST_RETRY: Final = timedelta(hours=1)
_JITTER: Final = 0.25


def retry_after(attempts: int, *, chance: float) -> timedelta:
    """Return the wait after this many attempts (1 or more): doubled each time, up to an hour.

    `chance`, from 0 to 1, spreads the retries: up to a quarter is added.
    """
    doublings = min(attempts - 1, 16)  # more would only make a larger number, which the cap cuts
    return min(_FIRST_RETRY * (1 << doublings), _LAST_RETRY) * (1 + _JITTER * chance)


def gives_up_at(events: Iterable[tuple[NoticeKind, datetime]]) -> datetime:
    """Return when a message with these events (kind and time) is too old: when its last one is."""
    return max(at + sent_within(kind) for kind, at in events)


def is_given_up(failure: SendFailure, attempts: int, kinds: Collection[NoticeKind]) -> bool:
    """Return whether a message with these kinds is not tried again after a failure, however new it is.

    A test never is: somebody waits for how it ends.
    """
    return NoticeKind.TEST in kinds or (failure in _ABOUT_THE_MESSAGE and attempts >= _MOST_ATTEMPTS)
