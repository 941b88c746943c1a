"""Which format a file is in, and who reads it."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from db.imports import google, icalendar, linkedin, plain, vcard
from db.imports.people import Reader
from db.imports.source import Lines
from db.imports.tables import find_header
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

READERS: Final[Mapping[ImportSource, Reader]] = MappingProxyType(
    {
        ImportSource.LINKEDIN: linkedin.read,
        ImportSource.GOOGLE: google.read,
        ImportSource.CSV: plain.read,
        ImportSource.VCARD: vcard.read,
        ImportSource.ICALENDAR: icalendar.read,
    }
)

_TABLES: Final = (
    (ImportSource.LINKEDIN, linkedin.is_header),
    (ImportSource.GOOGLE, google.is_header),
    (ImportSource.CSV, plain.is_header),
)
_MARKS: Final = (("BEGIN:VCARD", ImportSource.VCARD), ("BEGIN:VCALENDAR", ImportSource.ICALENDAR))
_LOOK_AT: Final = 50


def format_of(path: Path, encoding: str) -> ImportSource:
    """Return the format that the first lines of a file show. Raises RequestRefusedError if they show none."""
    head = list(islice(Lines(path, encoding), _LOOK_AT))
    for line in head:
        for mark, source in _MARKS:
            if line.text.strip().upper() == mark:
                return source
    for source, is_header in _TABLES:
        if find_header(iter(head), is_header):
            return source
    raise RequestRefusedError(
        f"{path.name} is none of the formats that are known: say which with --format, or look into "
        "docs/importing.md"
    )
