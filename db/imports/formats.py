"""The registry of import formats: detection by header, and the reader of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from db.imports.archive import ArchiveMember, has_archives_inside, list_members, open_bytes
from db.imports.calendars import icalendar
from db.imports.cards import vcard
from db.imports.entries import Reader
from db.imports.foreign_files import describe_foreign, describe_office
from db.imports.tables import google, linkedin, plain_csv
from db.imports.tables.csv_table import IsHeader, find_header
from db.imports.text_file import Lines, UndecodableFileError, detect_encoding
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
_HEAD_BYTES: Final = 4096
_TEXT_SUFFIXES: Final = frozenset({".csv", ".vcf", ".vcard", ".ics", ".ical", ".txt", ".tsv", ""})
_MAX_LOOKED_AT: Final = 200
_MAX_NAMED: Final = 5


def detect_format(path: Path | ArchiveMember, encoding: str) -> ImportSource:
    """Return the format of a file by its first lines. Raises RequestRefusedError if it is unknown."""
    found = _find_format(path, encoding)
    if found is not None:
        return found
    refuse_foreign(path)
    raise RequestRefusedError(
        f"{path.name} isn't in a format that Rapport reads: name the format with --format, or see "
        "docs/importing.md"
    )


def refuse_foreign(path: Path | ArchiveMember) -> None:
    """Raise RequestRefusedError if the file is of a known kind that Rapport doesn't read."""
    with open_bytes(path) as raw:
        what = describe_foreign(raw.read(_HEAD_BYTES) or b"")
    if what:
        raise RequestRefusedError(f"{path.name} is {what}")


def find_member(path: Path) -> ArchiveMember:
    """Return the only file of a ZIP archive that can be imported; of several, LinkedIn's Connections.csv.

    Raises RequestRefusedError if there is none, or several, and says what to take out.
    """
    members = list_members(path)
    if office := describe_office(frozenset(member.member for member in members)):
        raise RequestRefusedError(f"{path.name} is {office}")
    texts = [member for member in members if PurePosixPath(member.name.lower()).suffix in _TEXT_SUFFIXES]
    known = {member: source for member in texts[:_MAX_LOOKED_AT] if (source := _detect_member(member))}
    connections = [member for member, source in known.items() if source is ImportSource.LINKEDIN]
    found = connections if len(connections) == 1 else list(known)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(member.member for member in found[:_MAX_NAMED])
        more = ", …" if len(found) > _MAX_NAMED else ""
        raise RequestRefusedError(
            f"{path.name} has {len(found)} files that can be imported ({names}{more}): take out the one "
            "with the contacts, and import that"
        )
    inside = "only other archives: unpack it" if has_archives_inside(path) else "no file that Rapport reads"
    raise RequestRefusedError(
        f"{path.name} has {inside}. Take out the .csv, .vcf or .ics file with the contacts, and import that"
    )


def _find_format(path: Path | ArchiveMember, encoding: str) -> ImportSource | None:
    head = list(islice(Lines(path, encoding), _HEAD_LINES))
    for line in head:
        for source, form in FORMATS.items():
            if line.text.strip().upper() == form.begin_line:
                return source
    for source, form in FORMATS.items():
        if form.is_header is not None and find_header(iter(head), form.is_header):
            return source
    return None


def _detect_member(member: ArchiveMember) -> ImportSource | None:
    """Return the format of a file in an archive, or None. Raises RequestRefusedError if it is damaged."""
    with open_bytes(member) as raw:
        head = raw.read(_HEAD_BYTES) or b""
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        return _find_format(member, detect_encoding(member))
    except UndecodableFileError:
        return None
