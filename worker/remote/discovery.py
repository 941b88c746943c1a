"""Find out what is at an address that a person entered: address books, or a calendar."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.remote.calendars import is_calendar
from worker.remote.carddav import AddressBook, find_address_books, find_by_well_known
from worker.remote.fetcher import Fetcher
from worker.rules.subscriptions.readings import ReadFailure, SourceKind, SourceUnreadableError


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found. A calendar has one book, without a title: its own address."""

    kind: SourceKind
    books: Sequence[AddressBook]


def discover(fetcher: Fetcher) -> Discovery:
    """Return the address books or the calendar at the fetcher's address.

    Raises SourceUnreadableError if there is neither, or the server refuses.
    """
    if books := find_address_books(fetcher):
        return Discovery(SourceKind.CARDDAV, books)
    answer = fetcher.request("GET")
    if is_calendar(answer):
        return Discovery(SourceKind.CALENDAR, [AddressBook(fetcher.address, "")])
    if books := find_by_well_known(fetcher):
        return Discovery(SourceKind.CARDDAV, books)
    answer.require(200)
    raise SourceUnreadableError(ReadFailure.NOT_READABLE)
