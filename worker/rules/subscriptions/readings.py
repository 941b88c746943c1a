"""Why the reading of a subscribed source fails, and when it is read next."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from worker.rules.dates.schedule_times import fire_times

READ_AGAIN_AFTER: Final = timedelta(days=6, hours=12)
"""Entries that were read longer ago are read again, also unchanged ones: once a week."""
CONTINUE_AFTER: Final = timedelta(minutes=5)
"""When a reading that did not finish in time goes on."""

_NIGHT_MINUTES: Final = 180
_FIRST_HOUR: Final = 2
_STEP: Final = 37
_MOST_NIGHTS: Final = 7


class SourceKind(StrEnum):
    """What a subscription reads."""

    CARDDAV = "carddav"
    CALENDAR = "calendar"


class ReadFailure(StrEnum):
    """Why a source was not read, or is not read any more. The table has a CHECK on these codes."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105 -- a code
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    MOVED = "moved"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    ADDRESS_REFUSED = "address_refused"
    TOO_LARGE = "too_large"
    NOT_READABLE = "not_readable"
    SERVER_ERROR = "server_error"
    KEYS = "keys"
    INTERRUPTED = "interrupted"
    UNDONE = "undone"


_SUBSCRIBE: Final = "`rapport import subscribe` with the same address"
WHAT_HAPPENED: Final = {
    ReadFailure.WRONG_PASSWORD: "the server refused the user name or the password",
    ReadFailure.FORBIDDEN: "the server does not let this user read it",
    ReadFailure.NOT_FOUND: "there is nothing at this address any more",
    ReadFailure.MOVED: "the address leads to another server, to which the password is not sent",
    ReadFailure.CERTIFICATE: "the server's certificate could not be verified",
    ReadFailure.TIMEOUT: "the server took too long to answer",
    ReadFailure.UNREACHABLE: "the server could not be reached",
    ReadFailure.ADDRESS_REFUSED: "the address leads into a network that may not be reached",
    ReadFailure.TOO_LARGE: "the server sent more than an address book or a calendar has",
    ReadFailure.NOT_READABLE: "the server's answer is neither an address book nor a calendar",
    ReadFailure.SERVER_ERROR: "the server answered with an error",
    ReadFailure.KEYS: "the stored address can't be decrypted: RAPPORT_SECRET_KEYS lacks its key",
    ReadFailure.INTERRUPTED: "the reading was interrupted",
    ReadFailure.UNDONE: "an import of it was undone",
}
WHAT_TO_DO: Final = {
    ReadFailure.WRONG_PASSWORD: f"enter the right one: {_SUBSCRIBE}. Many services need an app password",
    ReadFailure.FORBIDDEN: "check on the server who may read it",
    ReadFailure.NOT_FOUND: "find its new address, and subscribe to that",
    ReadFailure.MOVED: "subscribe to the new address",
    ReadFailure.CERTIFICATE: "check the server's name and its certificate",
    ReadFailure.TIMEOUT: "nothing, if it was only once",
    ReadFailure.UNREACHABLE: "check the server's name, and that it runs",
    ReadFailure.ADDRESS_REFUSED: "for a server in your own network, subscribe with --own-network",
    ReadFailure.TOO_LARGE: "subscribe to a smaller address book",
    ReadFailure.NOT_READABLE: "check the address in a browser or an address book program",
    ReadFailure.SERVER_ERROR: "nothing, if it was only once",
    ReadFailure.KEYS: f"restore the key, or {_SUBSCRIBE}",
    ReadFailure.INTERRUPTED: "nothing, if it was only once",
    ReadFailure.UNDONE: "it is not read until you say so: `rapport import refresh {id}`",
}


class SourceUnreadableError(Exception):
    """A source can't be read. `detail` is for the person who waits for it; it is not stored."""

    def __init__(self, failure: ReadFailure, detail: str = "") -> None:
        super().__init__(f"{WHAT_HAPPENED[failure]}{f' ({detail})' if detail else ''}")
        self.failure = failure


def next_reading(subscription_id: int, zone: ZoneInfo, now: datetime, *, failures: int = 0) -> datetime:
    """Return the next instant (aware, UTC) at which a source is read: at night in `zone`, 02:00 to 04:59.

    Each subscription has its own minute. After `failures` in a row it waits 1, 2, 4, then 7 nights.
    """
    hour, minute = divmod(subscription_id * _STEP % _NIGHT_MINUTES, 60)
    nights = fire_times(f"{minute} {_FIRST_HOUR + hour} * * *", zone, now)
    wait = min(2 ** max(failures - 1, 0), _MOST_NIGHTS) if failures < 10 else _MOST_NIGHTS
    return next(night for number, night in enumerate(nights, 1) if number == wait)
