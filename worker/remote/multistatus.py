"""Reads WebDAV's multistatus answers (RFC 4918 §13) as a stream, so that only what is used stays in memory.

A document type is refused, and with it every entity but XML's own five.
"""

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from worker.rules.subscriptions.readings import ReadFailure, SourceUnreadableError

MAX_RESOURCES: Final = 20_000
_MAX_DEPTH: Final = 30
_MAX_HREF_CHARS: Final = 2_000

_D: Final = "DAV: "
_CARDDAV: Final = "urn:ietf:params:xml:ns:carddav "
ADDRESS_BOOK: Final = f"{_CARDDAV}addressbook"
CALENDAR: Final = "urn:ietf:params:xml:ns:caldav calendar"
ETAG: Final = f"{_D}getetag"
COLLECTION_TAG: Final = "http://calendarserver.org/ns/ getctag"
SYNC_TOKEN: Final = f"{_D}sync-token"
DISPLAY_NAME: Final = f"{_D}displayname"
ADDRESS_DATA: Final = f"{_CARDDAV}address-data"
PRINCIPAL: Final = f"{_D}current-user-principal"
HOME_SET: Final = f"{_CARDDAV}addressbook-home-set"
_TEXTS: Final = frozenset({ETAG, COLLECTION_TAG, SYNC_TOKEN, DISPLAY_NAME, ADDRESS_DATA})
_LINKS: Final = frozenset({PRINCIPAL, HOME_SET})


@dataclass(slots=True)
class DavResource:
    """One resource of an answer: the properties that were found, by name, and its resource types.

    `status` is that of the whole resource, or 200.
    """

    href: str = ""
    status: int = 200
    properties: dict[str, str] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)


def parse_multistatus(body: bytes) -> list[DavResource]:
    """Return the resources of an answer. Raises SourceUnreadableError."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.add_text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, UnicodeError, ValueError):
        raise SourceUnreadableError(ReadFailure.NOT_READABLE, "it isn't valid XML") from None
    return reader.resources


def _refuse_document_type(*_: object) -> None:
    raise SourceUnreadableError(ReadFailure.NOT_READABLE, "it has a document type")


class _Reader:
    """The state of the parser: the open elements, and the resource and properties that are being read."""

    def __init__(self) -> None:
        self.resources: list[DavResource] = []
        self._open: list[str] = []
        self._text: list[str] = []
        self._resource = DavResource()
        self._found = DavResource()

    def start(self, name: str, _attributes: object) -> None:
        """Begin an element."""
        if len(self._open) >= _MAX_DEPTH:
            raise SourceUnreadableError(ReadFailure.NOT_READABLE, "its XML is nested too deeply")
        if name == f"{_D}response":
            self._resource = DavResource()
        elif name == f"{_D}propstat":
            self._found = DavResource()
        elif self._parent() == f"{_D}resourcetype":
            self._found.types.add(name)
        self._open.append(name)
        self._text = []

    def add_text(self, text: str) -> None:
        """Add a part of an element's text."""
        self._text.append(text)

    def end(self, name: str) -> None:
        """End an element, and keep what is used of it."""
        self._open.pop()
        text, self._text = "".join(self._text), []
        parent = self._parent()
        if name == f"{_D}href":
            self._end_href(parent, text.strip()[:_MAX_HREF_CHARS])
        elif name == f"{_D}status":
            target = self._found if parent == f"{_D}propstat" else self._resource
            target.status = _parse_status(text)
        elif name in _TEXTS and parent == f"{_D}prop":
            self._found.properties[name] = text if name == ADDRESS_DATA else text.strip()
        elif name == f"{_D}propstat" and self._found.status == 200:
            self._resource.properties |= self._found.properties
            self._resource.types |= self._found.types
        elif name == f"{_D}response":
            if len(self.resources) > MAX_RESOURCES:
                raise SourceUnreadableError(ReadFailure.TOO_LARGE, f"more than {MAX_RESOURCES} entries")
            self.resources.append(self._resource)

    def _end_href(self, parent: str, href: str) -> None:
        if parent == f"{_D}response":
            self._resource.href = href
        elif parent in _LINKS:
            self._found.properties.setdefault(parent, href)

    def _parent(self) -> str:
        return self._open[-1] if self._open else ""


def _parse_status(text: str) -> int:
    """Return the code of a status line such as `HTTP/1.1 200 OK`, or 0."""
    words = text.split()
    return int(words[1]) if len(words) > 1 and words[1].isdecimal() and len(words[1]) == 3 else 0
