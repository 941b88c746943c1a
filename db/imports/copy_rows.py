"""Turns entries into rows of the temporary table import_rows, or refuses them."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from db.imports.calendars.words import EventKind, find_kind, says_death
from db.imports.entries import (
    AnyEntry,
    BirthDate,
    Connection,
    Entry,
    Person,
    RefusedEntry,
    SkippedEntry,
    UnreadableEntryError,
)
from db.imports.report import EntryLogs
from worker.rules.people.addresses import (
    PROFILE_ORIGINS,
    find_member_url,
    is_member_url,
    normalise_profile_url,
)
from worker.rules.texts.bounds import MAX_NAME

COPY: Final = (
    "copy import_rows (line, address, member, full_name, emails, email, language, born, connected_on, "
    "connected, profile, extra) from stdin"
)
MEMBER: Final = 2
"""The place of the member id in a row."""
_MAX_URL_CHARS: Final = 4_000
"""An address of 200 characters, each encoded twice."""
_MAX_EMAILS: Final = 10
_JSON: Final = json.JSONEncoder(ensure_ascii=False)
_INVALID_CHARS: Final = re.compile("[\0\ud800-\udfff]")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")
_DEATH_SIGN: Final = re.compile(r"\s*[†‡⚰⚱🪦]\ufe0f?\s*")
_YEAR: Final = re.compile(r"\d{4}")
_MAX_USUAL_CHARS: Final = 300
_UNUSUAL_IN_NAMES: Final = re.compile(r"[(\[,†‡⚰⚱🪦]")
"""What may be a sign of death, or separate a last name from a first one."""
_BRACKETED: Final = re.compile(r"\s*[(\[]([^)\]]*)[)\]]\s*")

Row = tuple[Any, ...]
"""The values of COPY's columns, in their order."""


def to_rows(entries: Iterator[AnyEntry], site: str, logs: EntryLogs) -> Iterator[Row | None]:
    """Yield each entry as a row, or None for a refused or skipped one."""
    for entry in entries:
        if isinstance(entry, Connection) and (plain := _to_plain_row(entry, site)):
            yield plain
            continue
        if isinstance(entry, RefusedEntry):
            logs.refused.add(entry)
            yield None
            continue
        if isinstance(entry, SkippedEntry):
            logs.skipped.add(entry)
            yield None
            continue
        try:
            row = _to_row(entry, site)
        except UnreadableEntryError as error:
            logs.refused.add(RefusedEntry(entry.line, str(error)))
            yield None
            continue
        if row[1] is None and (other := _find_other_site(entry.person, site)):
            logs.refused.elsewhere[other] += 1
        for why in entry.person.lost:
            logs.lost.add(RefusedEntry(entry.line, why))
        yield row


def _to_plain_row(entry: Connection, site: str) -> Row | None:
    """Return what `_to_row` does, in a fraction of the time, or None for an entry with anything unusual."""
    name = " ".join(entry.name.split())
    address = normalise_profile_url(entry.url, site) if len(entry.url) <= _MAX_USUAL_CHARS else None
    is_usual = (
        address is not None
        and address.isprintable()
        and "=" not in entry.url
        and not is_member_url(address, site)
        and len(name) <= MAX_NAME
        and name.isprintable()
        and not _UNUSUAL_IN_NAMES.search(name)
        and name[:1].isalpha()
    )
    company, position = _encode_fact(entry.company), _encode_fact(entry.position)
    if not is_usual or company is None or position is None:
        return None
    emails = _clean_emails((entry.email,)) if entry.email else []
    facts = [f'"company": {company}'] if company else []
    if position:
        facts.append(f'"position": {position}')
    return (
        entry.line,
        address,
        None,
        name,
        _encode_emails(emails),
        emails[0] if emails else None,
        None,
        None,
        entry.connected_on.isoformat() if entry.connected_on else None,
        "t",
        f"{{{', '.join(facts)}}}",
        None,
    )


@lru_cache(maxsize=10_000)  # many people share a company or a position
def _encode_fact(given: str) -> str | None:
    """Return a company or position as JSON, or an empty text for none. Return None for an unusual text."""
    cleaned = " ".join(given.split())
    if not cleaned:
        return ""
    return _JSON.encode(cleaned) if len(cleaned) <= MAX_NAME and cleaned.isprintable() else None


def _to_row(entry: Entry | Connection, site: str) -> Row:
    person = entry.person
    name, died = _take_death_mark(_clean_text(person.name, "name"))
    died = died or person.died
    if not any(sign.isalpha() for sign in name):
        raise UnreadableEntryError("it has no name")
    profile = {
        key: value
        for key, given in (("company", person.company), ("position", person.position))
        if (value := _clean_text(given, key))
    }
    language = _LANGUAGE.fullmatch(person.language.strip())
    address, member = _find_keys(person, site)
    emails = _clean_emails(person.emails)
    return (
        entry.line,
        address,
        member,
        name,
        _encode_emails(emails),
        emails[0] if emails and address else None,
        language[1].lower() if language else None,
        None if died else _encode_birthday(person.birthday),
        person.connected_on.isoformat() if person.connected_on else None,
        "t" if person.connected else "f",
        _JSON.encode(profile),
        _encode_extra(person, died=died),
    )


def _encode_extra(person: Person, *, died: bool) -> str | None:
    """Return what few entries have, as the JSON that db/queries/import_rows.sql describes."""
    names = [*person.other_names]
    if person.name.count(",") == 1:
        names.append(" ".join(person.name.split(",")[::-1]))  # Roe, Gus
    if not (died or person.possible_birthdays or names or person.name_is_vague):
        return None
    extra: dict[str, Any] = {}
    if person.possible_birthdays and not died:
        extra["days"] = [_encode_birthday(day) for day in person.possible_birthdays]
    if names:
        extra["names"] = [_clean_text(name, "name") for name in names]
    if died:
        extra["died"] = True
    if person.name_is_vague:
        extra["vague"] = True
    return _JSON.encode(extra)


def _take_death_mark(name: str) -> tuple[str, bool]:
    """Return the name without a sign of death, or such a word in brackets, and whether it had one."""
    bare = name if name.isascii() else _DEATH_SIGN.sub(" ", name).strip()
    if "(" in bare or "[" in bare:
        for match in _BRACKETED.finditer(bare):
            if says_death(match[1]) or (_YEAR.search(match[1]) and find_kind(match[1]) is EventKind.DEATH):
                return bare.replace(match[0], " ").strip(), True
    return bare, bare != name


def _clean_text(given: str, what: str) -> str:
    """Return `given` on one line. Raises UnreadableEntryError for invalid characters or a too long text."""
    cleaned = " ".join(given.split())
    if _INVALID_CHARS.search(cleaned):
        raise UnreadableEntryError(f"the {what} has a NUL byte or an incomplete character")
    if len(cleaned) > MAX_NAME:
        raise UnreadableEntryError(f"the {what} is longer than {MAX_NAME} characters")
    return cleaned


def _find_address(url: str, site: str) -> str | None:
    address = normalise_profile_url(url, site) if url and len(url) <= _MAX_URL_CHARS else None
    return None if address is None or _INVALID_CHARS.search(address) else address


def _find_keys(person: Person, site: str) -> tuple[str | None, str | None]:
    """Return the profile address and, if it is known, the one by member id.

    The profile address is the first one by slug, else the one by id.
    """
    addresses = [address for url in person.urls if (address := _find_address(url, site))]
    ids = [address for address in addresses if is_member_url(address, site)]
    ids += [found for url in person.urls if "=" in url and (found := find_member_url(url, site))]
    slugs = [address for address in addresses if address not in ids]
    return next(iter([*slugs, *ids]), None), next(iter(ids), None)


def _find_other_site(person: Person, site: str) -> str | None:
    others = (other for other in PROFILE_ORIGINS if other != site)
    return next((other for other in others if any(_find_address(url, other) for url in person.urls)), None)


def _clean_emails(emails: Sequence[str]) -> list[str]:
    found = (email.strip().lower() for email in emails)
    usable = (email for email in found if _EMAIL.fullmatch(email) and not _INVALID_CHARS.search(email))
    return list(dict.fromkeys(islice(usable, _MAX_EMAILS)))


def _encode_emails(emails: list[str]) -> str:
    """Return an array as Postgres writes it: psycopg needs a multiple of the time for a list."""
    quoted = (email.replace("\\", r"\\").replace('"', r"\"") for email in emails)
    return "{" + ",".join(f'"{email}"' for email in quoted) + "}" if emails else "{}"


def _encode_birthday(birthday: BirthDate | None) -> str | None:
    if birthday is None:
        return None
    year = f"{birthday.year:04}" if birthday.year is not None else "-"
    return f"{year}-{birthday.month:02}-{birthday.day:02}"
