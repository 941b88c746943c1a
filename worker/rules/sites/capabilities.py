"""The verdicts of `rapport selectors check` on a site's pages, and what they allow to be sent.

A capability is one thing that Rapport must be able to do on the site. Its verdict has three values, because
an empty list or a wall proves nothing: only OK enables sending.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from worker.rules.model import Kind


class Capability(StrEnum):
    """What Rapport must be able to do on a site. The table site_checks has a CHECK on these names."""

    # reading
    SIGNED_IN = "signed_in"
    BIRTHDAYS = "birthdays"
    PROFILE = "profile"
    SEARCH = "search"
    INVITATIONS = "invitations"
    INBOX = "inbox"
    # sending
    RECIPIENT = "recipient"
    COMPOSER = "composer"
    SEND_BUTTON = "send_button"
    OWN_OR_OTHER = "own_or_other"
    SERVER_ID = "server_id"
    # withdrawing an invitation
    WITHDRAW = "withdraw"


class Verdict(StrEnum):
    """OK: the marks were found and the page's cross-checks agree. DRIFT: the page is there, but they don't.

    UNKNOWN: the page could not tell (an empty list, a limit, a form that was not seen, not signed in).
    """

    OK = "ok"
    DRIFT = "drift"
    UNKNOWN = "unknown"


SENDING: Final = frozenset(
    {
        Capability.RECIPIENT, Capability.COMPOSER, Capability.SEND_BUTTON, Capability.OWN_OR_OTHER,
        Capability.SERVER_ID,
    }
)  # fmt: skip
"""What a message needs, all of it."""

NEEDED_BY_KIND: Final[Mapping[Kind, frozenset[Capability]]] = MappingProxyType(
    {
        Kind.GREET: SENDING,
        Kind.WITHDRAW: frozenset({Capability.INVITATIONS, Capability.WITHDRAW}),
        Kind.VISIT: frozenset({Capability.PROFILE}),
        Kind.COLLECT: frozenset({Capability.SEARCH}),
    }
)
"""The capabilities that an action of each kind uses."""

CHECK_LASTS: Final = timedelta(days=30)
"""How long a verdict counts. The pages of a real site change several times a year, a few marks each month."""


@dataclass(frozen=True, slots=True)
class CapabilityVerdict:
    """The verdict on one capability of an account.

    mark: the mark that decided, if the verdict is not OK
    front_end, language: how the site served the page to this account, where that could be told
    seen_live_on: the day on which a person confirmed a real send that used it; only for SENDING
    """

    capability: Capability
    verdict: Verdict
    checked_at: datetime
    mark: str | None = None
    front_end: str | None = None
    language: str | None = None
    seen_live_on: date | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Return whether the verdict still counts."""
        return now - self.checked_at < CHECK_LASTS


@dataclass(frozen=True, slots=True)
class Unproven:
    """A capability that keeps an action waiting. `found` is its verdict, None if it was never checked."""

    capability: Capability
    found: CapabilityVerdict | None
    expired: bool = False


def find_unproven(
    verdicts: Iterable[CapabilityVerdict], needed: Collection[Capability], now: datetime
) -> Unproven | None:
    """Return the first capability that is needed and has no OK that still counts; None if all have.

    In the order of `Capability`, so that the answer is the same each time.
    """
    known = {each.capability: each for each in verdicts}
    for capability in sorted(needed, key=list(Capability).index):
        found = known.get(capability)
        if found is None or found.verdict is not Verdict.OK:
            return Unproven(capability, found)
        if not found.is_fresh(now):
            return Unproven(capability, found, expired=True)
    return None


def find_obstacle(verdicts: Iterable[CapabilityVerdict], kind: Kind, now: datetime) -> Unproven | None:
    """Return the capability that keeps an action of `kind` waiting on a site whose pages must be proven.

    An action that changes something on the site needs an OK. One that only reads waits for a verdict of DRIFT
    alone, whatever its age: reading a page wrongly sends nothing.
    """
    if not kind.reads:
        return find_unproven(verdicts, NEEDED_BY_KIND[kind], now)
    found = find_unproven(verdicts, NEEDED_BY_KIND[kind], now)
    is_drift = found is not None and found.found is not None and found.found.verdict is Verdict.DRIFT
    return found if is_drift else None


def may_send(verdicts: Iterable[CapabilityVerdict], now: datetime) -> bool:
    """Return whether every capability that a message needs has an OK that still counts."""
    return find_unproven(verdicts, SENDING, now) is None


def is_seen_live(verdicts: Iterable[CapabilityVerdict]) -> bool:
    """Return whether a person has confirmed a real send, and no drift was seen since."""
    known = {each.capability: each for each in verdicts}
    return all(name in known and known[name].seen_live_on is not None for name in SENDING)


def keeps_seen_live(before: CapabilityVerdict, verdict: Verdict, front_end: str | None) -> bool:
    """Return whether `seen_live_on` outlives a new verdict.

    Drift ends it, and so does another front end: what a person saw was the send on the other one.
    """
    changed = None not in {before.front_end, front_end} and before.front_end != front_end
    return before.seen_live_on is not None and verdict is not Verdict.DRIFT and not changed
