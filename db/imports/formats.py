"""The registry of import formats: detection by header, and the reader of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from db.imports import google, icalendar, linkedin, plain_csv, vcard
from db.imports.csv_table import IsHeader, find_header
from db.imports.entries import Reader
from db.imports.text_file import Lines
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """One format: its reader, and how a file of it is recognised.

    A table is recognised by its header, other files by the first `BEGIN:` line.
    """

    read: Reader
    is_header: IsHeader | None = None
    begin_line: str | None = None


FORMATS: Final[Mapping[ImportSource, ImportFormat]] = MappingProxyType(
    {  # the headers are tried in this order, so the least specific comes last
        ImportSource.LINKEDIN: ImportFormat(linkedin.read_linkedin_csv, is_header=linkedin.is_header),
        ImportSource.GOOGLE: ImportFormat(google.read_google_csv, is_header=google.is_header),
        ImportSource.CSV: ImportFormat(plain_csv.read_plain_csv, is_header=plain_csv.is_header),
        ImportSource.VCARD: ImportFormat(vcard.read_vcards, begin_line="BEGIN:VCARD"),
        ImportSource.ICALENDAR: ImportFormat(icalendar.read_calendar, begin_line="BEGIN:VCALENDAR"),
    }
)

_HEAD_LINES: Final = 50


def detect_format(path: Path, encoding: str) -> ImportSource:
    """Return the format of a file by its first lines. Raises RequestRefusedError if it is unknown."""
    head = list(islice(Lines(path, encoding), _HEAD_LINES))
    for line in head:
        for source, form in FORMATS.items():
            if line.text.strip().upper() == form.begin_line:
                return source
    for source, form in FORMATS.items():
        if form.is_header is not None and find_header(iter(head), form.is_header):
            return source
    raise RequestRefusedError(
        f"{path.name} isn't in a format that Rapport reads: name the format with --format, or see "
        "docs/importing.md"
    )
