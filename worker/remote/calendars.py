"""Calendars by their address: read a whole iCalendar file, and pass on the events that changed.

Programs write the time of the download into each event, so an event's version leaves such lines out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from worker.remote.fetcher import Answer, Fetcher
from worker.remote.multistatus import MAX_RESOURCES
from worker.remote.sources import KnownSource, Sink, SourceChanges, clean_tag, digest
from worker.rules.subscriptions.readings import ReadFailure, SourceUnreadableError

_HEAD_BYTES: Final = 4_096
_BEGIN: Final = b"BEGIN:VCALENDAR"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_VOLATILE: Final = ("DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE")
_IDENTIFYING: Final = ("UID:", "UID;", "RECURRENCE-ID:", "RECURRENCE-ID;")


def is_calendar(answer: Answer) -> bool:
    """Return whether an answer is an iCalendar file, whatever its content type says."""
    return answer.status == 200 and _BEGIN in answer.body[:_HEAD_BYTES].upper()


def read_events(fetcher: Fetcher, known: KnownSource, sink: Sink) -> SourceChanges | None:
    """Give the new and changed events to `sink`; return None if the server says that nothing changed.

    The lines outside events, such as the time zone, are given without a key. Raises SourceUnreadableError.
    """
    headers: dict[str, str] = {}
    if known.versions and not known.old:
        headers |= {"If-None-Match": known.tag} if known.tag else {}
        headers |= {"If-Modified-Since": known.modified} if known.modified else {}
    answer = fetcher.request("GET", headers={"Accept": "text/calendar", **headers})
    if answer.status == 304 and headers:
        return None
    answer.require(200)
    if not is_calendar(answer):
        raise SourceUnreadableError(ReadFailure.NOT_READABLE)
    seen: set[bytes] = set()
    for part in _split(_decode(answer.body)):
        text = "\n".join(part.lines)
        if not part.is_event:
            sink(None, b"", text)
            continue
        key = part.key(seen)
        seen.add(key)
        if len(seen) > MAX_RESOURCES:
            raise SourceUnreadableError(ReadFailure.TOO_LARGE, f"more than {MAX_RESOURCES} events")
        if not known.is_known(key, part.version):
            sink(key, part.version, text)
    return SourceChanges(
        tag=clean_tag(answer.headers.get("etag")),
        modified=clean_tag(answer.headers.get("last-modified")),
        gone=frozenset(known.versions) - seen,
    )


@dataclass(slots=True)
class _Part:
    """Lines of a calendar: an event from BEGIN to END, or what stands between events."""

    is_event: bool
    lines: list[str] = field(default_factory=list)

    @property
    def version(self) -> bytes:
        """A hash of what says something about the person."""
        return digest(*(line for line in self.lines if not line.upper().startswith(_VOLATILE)))

    def key(self, taken: set[bytes]) -> bytes:
        """Return a hash of the event's id; without one, or if it is taken, of the whole event."""
        ids = sorted(line.strip() for line in self.lines if line.upper().startswith(_IDENTIFYING))
        key = digest("uid", *ids)
        return self.version if not ids or key in taken else key


def _split(text: str) -> Iterator[_Part]:
    """Yield the parts in their order, so that the time zone comes before the events."""
    part = _Part(is_event=False)
    for line in _LINE_END.split(text):
        mark = line.strip().upper() if len(line) < 40 else ""
        if mark == "BEGIN:VEVENT":
            yield part
            part = _Part(is_event=True, lines=[line])
        elif mark == "END:VEVENT" and part.is_event:
            part.lines.append(line)
            yield part
            part = _Part(is_event=False)
        else:
            part.lines.append(line)
    yield part


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("windows-1252", errors="replace")
