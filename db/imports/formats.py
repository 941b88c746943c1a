"""The registry of import formats: detection by header, and the reader of each."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from db.imports import google, icalendar, linkedin, plain_csv, vcard
from db.imports.csv_table import find_header
from db.imports.entries import Reader
from db.imports.text_file import Lines
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

READERS: Final[Mapping[ImportSource, Reader]] = MappingProxyType(
    {
        ImportSource.LINKEDIN: linkedin.read_linkedin_csv,
        ImportSource.GOOGLE: google.read_google_csv,
        ImportSource.CSV: plain_csv.read_plain_csv,
        ImportSource.VCARD: vcard.read_vcards,
        ImportSource.ICALENDAR: icalendar.read_calendar,
    }
)

_CSV_HEADERS: Final = (
    (ImportSource.LINKEDIN, linkedin.is_header),
    (ImportSource.GOOGLE, google.is_header),
    (ImportSource.CSV, plain_csv.is_header),
)
_BEGIN_LINES: Final = (("BEGIN:VCARD", ImportSource.VCARD), ("BEGIN:VCALENDAR", ImportSource.ICALENDAR))
_HEAD_LINES: Final = 50


def detect_format(path: Path, encoding: str) -> ImportSource:
    """Return the format of a file by its first lines. Raises RequestRefusedError if it is unknown."""
    head = list(islice(Lines(path, encoding), _HEAD_LINES))
    for line in head:
        for mark, source in _BEGIN_LINES:
            if line.text.strip().upper() == mark:
                return source
    for source, is_header in _CSV_HEADERS:
        if find_header(iter(head), is_header):
            return source
    raise RequestRefusedError(
        f"{path.name} is none of the formats that are known: say which with --format, or look into "
        "docs/importing.md"
    )
