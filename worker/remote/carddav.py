"""Address books by CardDAV (RFC 6352): find them, and read the cards that changed.

Two requests are enough: PROPFIND for the address books and the cards' ETags, and the report
addressbook-multiget for the cards. The collection's tag says whether anything changed at all. The report
sync-collection (RFC 6578) would only save the list of ETags, some hundred bytes a card.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from worker.errors import RequestRefusedError
from worker.remote import multistatus
from worker.remote.fetcher import Answer, Fetcher
from worker.remote.multistatus import ADDRESS_DATA, DISPLAY_NAME, ETAG, DavResource, parse_multistatus
from worker.remote.sources import KnownSource, Sink, SourceChanges, clean_tag, digest
from worker.rules.subscriptions.readings import ReadFailure, SourceUnreadableError
from worker.rules.subscriptions.source_address import SourceAddress
from worker.rules.texts.characters import sanitise_line

_BATCH: Final = 20
"""Cards of one request. With photographs they are some MB together."""
_MAX_TITLE_CHARS: Final = 100
_NAMESPACES: Final = (
    'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav" xmlns:s="http://calendarserver.org/ns/"'
)
_ABOUT: Final = (
    "<d:resourcetype/><d:displayname/><d:current-user-principal/><c:addressbook-home-set/>"
    "<d:sync-token/><s:getctag/>"
)


@dataclass(frozen=True, slots=True)
class AddressBook:
    """An address book that a server has, with the name that it is called by there."""

    address: SourceAddress
    title: str


def find_address_books(fetcher: Fetcher, at: SourceAddress | None = None) -> Sequence[AddressBook]:
    """Return the address book at an address, else those of the user whose server it is; may be empty.

    It is empty at a calendar, which is read by its address.
    Raises SourceUnreadableError, also if the server asks for a password.
    """
    start = at or fetcher.address
    answer = _ask(fetcher, start, depth=0, properties=_ABOUT)
    if answer.status in {401, 403}:
        answer.require(207)
    if answer.status != 207:
        return ()
    here = _list_resources(answer)
    books = _address_books(here)
    if books or any(multistatus.CALENDAR in each.types for _, each in here):
        return books
    home = _find_link(here, multistatus.HOME_SET)
    principal = _find_link(here, multistatus.PRINCIPAL)
    if home is None and principal is not None:
        answer = _ask(fetcher, principal, depth=0, properties="<c:addressbook-home-set/>")
        answer.require(207)
        home = _find_link(_list_resources(answer), multistatus.HOME_SET)
    if home is None:
        return ()
    answer = _ask(fetcher, home, depth=1, properties=_ABOUT)
    answer.require(207)
    return _address_books(_list_resources(answer))


def find_by_well_known(fetcher: Fetcher) -> Sequence[AddressBook]:
    """Return the address books to which the server's /.well-known/carddav leads (RFC 6764); may be empty."""
    return find_address_books(fetcher, replace(fetcher.address, target="/.well-known/carddav"))


def read_cards(fetcher: Fetcher, known: KnownSource, sink: Sink) -> SourceChanges | None:
    """Give the new and changed cards to `sink`; return None if the collection's tag is that of before.

    Cards that can't be read in time are left for the next reading. Raises SourceUnreadableError.
    """
    tag = _read_tag(fetcher)
    if tag is not None and tag == known.tag and not known.old:
        return None
    listed = _list_cards(fetcher)
    wanted = [href for key, (href, version) in listed.items() if not known.is_known(key, version)]
    gone = frozenset(known.versions) - listed.keys()
    read = 0
    for start in range(0, len(wanted), _BATCH):
        try:
            cards = list(_fetch_cards(fetcher, wanted[start : start + _BATCH]))
        except SourceUnreadableError as error:
            if read and error.failure in {ReadFailure.TIMEOUT, ReadFailure.TOO_LARGE}:
                return SourceChanges(gone=gone, unfinished=True)
            raise
        for key, version, text in cards:
            sink(key, version, text)
        read += len(cards)
    return SourceChanges(tag=tag, gone=gone)


def _read_tag(fetcher: Fetcher) -> str | None:
    """Return the tag of the collection, which changes with every card. Raises if it is no address book."""
    answer = _ask(fetcher, fetcher.address, depth=0, properties=_ABOUT)
    answer.require(207)
    book = next((each for _, each in _list_resources(answer) if multistatus.ADDRESS_BOOK in each.types), None)
    if book is None:
        raise SourceUnreadableError(ReadFailure.NOT_READABLE, "it is no address book any more")
    found = book.properties
    return clean_tag(found.get(multistatus.COLLECTION_TAG) or found.get(multistatus.SYNC_TOKEN))


def _list_cards(fetcher: Fetcher) -> Mapping[bytes, tuple[str, bytes]]:
    """Return the address and the version of each card, by its key."""
    answer = _ask(fetcher, fetcher.address, depth=1, properties="<d:getetag/><d:resourcetype/>")
    answer.require(207)
    return {
        _key(each.href): (each.href, digest(etag))
        for each in parse_multistatus(answer.body)
        if (etag := each.properties.get(ETAG)) and not each.types and each.status == 200
    }


def _fetch_cards(fetcher: Fetcher, hrefs: Sequence[str]) -> Iterator[tuple[bytes, bytes, str]]:
    """Yield key, version and text of the cards that the server still has. Others were not asked for."""
    listed = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><c:addressbook-multiget {_NAMESPACES}>'
        f"<d:prop><d:getetag/><c:address-data/></d:prop>{listed}</c:addressbook-multiget>"
    )
    answer = fetcher.request("REPORT", headers={"Depth": "1"}, body=body)
    answer.require(207)
    asked = {_key(href) for href in hrefs}
    for each in parse_multistatus(answer.body):
        text, etag, key = each.properties.get(ADDRESS_DATA), each.properties.get(ETAG), _key(each.href)
        if text and etag and key in asked:
            asked.discard(key)
            yield key, digest(etag), text


def _ask(fetcher: Fetcher, at: SourceAddress, *, depth: int, properties: str) -> Answer:
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><d:propfind {_NAMESPACES}>'
        f"<d:prop>{properties}</d:prop></d:propfind>"
    )
    return fetcher.request("PROPFIND", at, headers={"Depth": str(depth)}, body=body)


def _key(href: str) -> bytes:
    """Return the key of a card: its path. No request goes to a card's own address."""
    return digest(unquote(urlsplit(href).path))


_Resources = Sequence[tuple[SourceAddress, DavResource]]


def _list_resources(answer: Answer) -> _Resources:
    """Return the resources of an answer with their addresses, without those whose address is invalid."""
    found = []
    for each in parse_multistatus(answer.body):
        try:
            found.append((answer.address.resolve(each.href), each))
        except RequestRefusedError:
            continue
    return found


def _address_books(resources: _Resources) -> Sequence[AddressBook]:
    return [
        AddressBook(address, sanitise_line(each.properties.get(DISPLAY_NAME, ""))[:_MAX_TITLE_CHARS])
        for address, each in resources
        if multistatus.ADDRESS_BOOK in each.types
    ]


def _find_link(resources: _Resources, name: str) -> SourceAddress | None:
    for address, each in resources:
        if href := each.properties.get(name):
            try:
                return address.resolve(href)
            except RequestRefusedError:
                return None
    return None
