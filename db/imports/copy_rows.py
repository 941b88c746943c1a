"""Turns entries into rows of the temporary table import_rows, or refuses them."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from db.imports.entries import BirthDate, Entry, Person, RefusedEntry, UnreadableEntryError
from db.imports.report import RefusalLog
from worker.rules.addresses import PROFILE_ORIGINS, normalise_profile_url

COPY: Final = (
    "copy import_rows (line, address, full_name, emails, language, born, connected_on, connected, profile) "
    "from stdin"
)
_MAX_TEXT_CHARS: Final = 500
_MAX_EMAILS: Final = 10
_JSON: Final = json.JSONEncoder(ensure_ascii=False)
_INVALID_CHARS: Final = re.compile("[\0\ud800-\udfff]")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")

Row = tuple[Any, ...]
"""The values of COPY's columns, in their order."""


def to_rows(entries: Iterator[Entry | RefusedEntry], site: str, refusals: RefusalLog) -> Iterator[Row | None]:
    """Yield each entry as a row, or None for a refused one."""
    for entry in entries:
        if isinstance(entry, RefusedEntry):
            refusals.add(entry)
            yield None
            continue
        try:
            row = _to_row(entry, site)
            if row[1] is None and (other := _find_other_site(entry.person, site)):
                refusals.elsewhere[other] += 1
            yield row
        except UnreadableEntryError as error:
            refusals.add(RefusedEntry(entry.line, str(error)))
            yield None


def _to_row(entry: Entry, site: str) -> Row:
    person = entry.person
    name = _clean_text(person.name, "name")
    if not any(sign.isalpha() for sign in name):
        raise UnreadableEntryError("it has no name")
    profile = {
        key: value
        for key, given in (("company", person.company), ("position", person.position))
        if (value := _clean_text(given, key))
    }
    language = _LANGUAGE.fullmatch(person.language.strip())
    return (
        entry.line,
        next((address for url in person.urls if (address := _find_address(url, site))), None),
        name,
        _clean_emails(person),
        language[1].lower() if language else None,
        _encode_birthday(person.birthday),
        person.connected_on,
        person.connected,
        _JSON.encode(profile),
    )


def _clean_text(given: str, what: str) -> str:
    """Return `given` on one line. Raises UnreadableEntryError for invalid characters or a too long text."""
    cleaned = " ".join(given.split())
    if _INVALID_CHARS.search(cleaned):
        raise UnreadableEntryError(f"the {what} has a NUL byte or an incomplete character")
    if len(cleaned) > _MAX_TEXT_CHARS:
        raise UnreadableEntryError(f"the {what} is longer than {_MAX_TEXT_CHARS} characters")
    return cleaned


def _find_address(url: str, site: str) -> str | None:
    address = normalise_profile_url(url, site) if url and len(url) <= _MAX_TEXT_CHARS else None
    return None if address is None or _INVALID_CHARS.search(address) else address


def _find_other_site(person: Person, site: str) -> str | None:
    others = (other for other in PROFILE_ORIGINS if other != site)
    return next((other for other in others if any(_find_address(url, other) for url in person.urls)), None)


def _clean_emails(person: Person) -> list[str]:
    found = (email.strip().lower() for email in person.emails)
    usable = (email for email in found if _EMAIL.fullmatch(email) and not _INVALID_CHARS.search(email))
    return list(dict.fromkeys(islice(usable, _MAX_EMAILS)))


def _encode_birthday(birthday: BirthDate | None) -> str | None:
    if birthday is None:
        return None
    year = f"{birthday.year:04}" if birthday.year is not None else "-"
    return f"{year}-{birthday.month:02}-{birthday.day:02}"
