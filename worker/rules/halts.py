"""What stops an account from doing anything at all, whatever its quota and its plans say."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from worker.errors import Reason
from worker.rules.model import AccountStatus


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
