"""What stops an account from doing anything at all, whatever its quota and its plans say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from worker.errors import Reason
from worker.rules.model import AccountStatus
from worker.rules.wording.reasons import describe_reason


class HaltCause(StrEnum):
    """What must change before the account acts, the most far-reaching first."""

    KILL_SWITCH = "kill_switch"
    ACCOUNT_STOPPED = "account_stopped"
    ACCOUNT_PAUSED = "account_paused"
    NOT_SIGNED_IN = "not_signed_in"


NEEDS_ATTENTION = frozenset({HaltCause.KILL_SWITCH, HaltCause.ACCOUNT_STOPPED, HaltCause.ACCOUNT_PAUSED})
"""What is said of all accounts at once: that one has stopped, not that it was never set up."""

RESUMED_BY_HAND = frozenset(
    {Reason.SITE_CHANGED, Reason.LANGUAGE_UNKNOWN, Reason.ENTER_SENDS, Reason.ACCOUNT_HELD}
)
"""Why a site stopped an account whose session is still good: a person looks, and resumes it."""

_FIRST: Final[Mapping[Reason, str]] = {
    Reason.SITE_CHANGED: "see what changed: `rapport selectors check {} --profile ADDRESS --compose`",
    Reason.LANGUAGE_UNKNOWN: "choose English, French, German, Spanish or Polish in the site's settings",
    Reason.ENTER_SENDS: "choose to send by clicking Send, in the conversation's own menu on the site",
    Reason.ACCOUNT_HELD: "look at the account on the site and wait if it asks for that",
}
"""What a person does before an account is resumed."""


@dataclass(frozen=True, slots=True)
class Halt:
    """One thing that stops an account. `reason` says why its site stopped it."""

    cause: HaltCause
    reason: Reason | None = None

    @property
    def code(self) -> str:
        """The code for programs: the reason if there is one, else the cause."""
        return self.reason or self.cause


def list_halts(
    *, kill_switch: bool, status: AccountStatus, stop_reason: Reason | None, signed_in: bool
) -> Iterator[Halt]:
    """Yield everything that stops the account, in the order in which a person should deal with it."""
    if kill_switch:
        yield Halt(HaltCause.KILL_SWITCH)
    if status is AccountStatus.STOPPED:
        yield Halt(HaltCause.ACCOUNT_STOPPED, stop_reason or Reason.ACCOUNT_STOPPED)
    elif status is AccountStatus.PAUSED:
        yield Halt(HaltCause.ACCOUNT_PAUSED)
    if not signed_in and status is not AccountStatus.STOPPED:  # a new sign-in also clears the stop
        yield Halt(HaltCause.NOT_SIGNED_IN)


def name_halt(name: str, halt: Halt) -> str:
    """Return what stops the account."""
    if halt.cause is HaltCause.KILL_SWITCH:
        return "the kill switch is on: nothing is read or sent"
    if halt.cause is HaltCause.ACCOUNT_PAUSED:
        return f"account {name} is paused"
    if halt.cause is HaltCause.NOT_SIGNED_IN:
        return f"account {name} has not signed in yet"
    return f"account {name} is stopped: {describe_reason(halt.reason) if halt.reason else 'see the logs'}"


def advise(name: str, halt: Halt, *, sign_in: str) -> str:
    """Return what a person can do about it. A command in it is accepted as things are.

    `sign_in` says how this account can be signed in.
    """
    if halt.cause is HaltCause.KILL_SWITCH:
        return "to resume: `rapport resume-everything`"
    if halt.cause is HaltCause.ACCOUNT_PAUSED:
        return f"to resume: `rapport account resume {name}`"
    if halt.cause is HaltCause.NOT_SIGNED_IN:
        return sign_in
    if halt.reason in RESUMED_BY_HAND:
        first = _FIRST[halt.reason].format(name)
        return f"{first}, then resume it: `rapport account resume {name}`"
    return f"check the account on the site, then {sign_in}"
