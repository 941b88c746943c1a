"""vCard files, versions 2.1, 3 and 4: address books of phones and mail programs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from db.imports.blocks import BlockReader, to_entries
from db.imports.calendars.words import EventKind, find_kind, says_death
from db.imports.cards.lines import CardLine, parse_card, unescape
from db.imports.days.birth_dates import ReadBirthday, read_birthday
from db.imports.entries import (
    AnyEntry,
    Person,
    ReadContext,
    SkippedEntryError,
)
from db.imports.tables.cells import find_emails, split_urls
from db.imports.text_file import Lines

_WEB: Final = frozenset({"URL", "X-SOCIALPROFILE", "SOCIALPROFILE"})
_DEATH: Final = ("DEATH", "DECEASED")
"""Parts of the names of properties that only the dead have: DEATHDATE (RFC 6474), X-DEATHDATE and others."""
_NO: Final = frozenset({"", "no", "false", "0"})
_DATES: Final = frozenset({"X-ABDATE", "X-ANDROID-CUSTOM", "X-ABLABEL"})
_KIND: Final = frozenset({"KIND", "X-ADDRESSBOOKSERVER-KIND", "X-ABSHOWAS"})
_WANTED: Final = _WEB | _DATES | _KIND | {"FN", "N", "EMAIL", "BDAY", "ORG", "TITLE", "LANG", "CATEGORIES"}
_TECHNICAL: Final = frozenset(
    {"VERSION", "UID", "REV", "PRODID", "SOURCE", "CLASS", "SORT-STRING", "X-ABUID", "CLIENTPIDMAP", "MEMBER"}
)
"""Properties about the card and not the person, so that nothing is lost without them."""
_NO_PERSON: Final = {"group": "a group, not a person", "location": "a place, not a person"}
_COMPANY: Final = "a company, not a person"
_ANDROID_EVENT: Final = "vnd.android.cursor.item/contact_event"
_ANDROID_BIRTHDAY, _ANDROID_CUSTOM = "3", "0"
"""Event.TYPE_BIRTHDAY and TYPE_CUSTOM of Android's ContactsContract."""


@dataclass(frozen=True, slots=True)
class _OtherDate:
    """A date with a label: Apple's X-ABDATE, Android's X-ANDROID-CUSTOM."""

    kind: EventKind | None
    value: str


def read_vcards(lines: Lines, context: ReadContext) -> Iterator[AnyEntry]:
    """Read the cards. A card does not say whether the person is a connection."""
    reader = BlockReader("VCARD", _is_wanted, context.unused)
    yield from to_entries(reader.read(lines), lambda block: _to_person(parse_card(block.texts), context))
    for name in _TECHNICAL:
        context.unused.pop(name, None)


def _is_wanted(name: str) -> bool:
    return name in _WANTED or any(part in name for part in ("LINKEDIN", *_DEATH))


def _to_person(card: list[CardLine], context: ReadContext) -> Person:
    _require_person(card)
    dates = list(_list_dates(card))
    born = _find_birthday(card, dates, context)
    categories = (word for line in _named(card, "CATEGORIES") for word in line.value.split(","))
    return Person(
        name=_find_name(card),
        urls=tuple(split_urls(line.text for line in card if line.name in _WEB or "LINKEDIN" in line.name)),
        emails=tuple(find_emails(line.text for line in _named(card, "EMAIL"))),
        birthday=born.birthday,
        company=next((line.fields[0] for line in _named(card, "ORG")), ""),
        position=next((line.text for line in _named(card, "TITLE")), ""),
        language=next((line.text for line in _named(card, "LANG")), ""),
        possible_birthdays=born.possible,
        lost=born.lost,
        died=any(_says_death(line) for line in card)
        or any(each.kind is EventKind.DEATH for each in dates)
        or any(says_death(unescape(word)) for word in categories),
    )


def _says_death(line: CardLine) -> bool:
    return any(part in line.name for part in _DEATH) and line.text.strip().casefold() not in _NO


def _require_person(card: list[CardLine]) -> None:
    """Raise SkippedEntryError for a group, a place or a company."""
    for line in card:
        if line.name in _KIND and (kind := line.text.strip().casefold()) not in {"", "individual", "person"}:
            raise SkippedEntryError(_NO_PERSON.get(kind, _COMPANY))
    whole = next((line.text.strip() for line in _named(card, "FN") if line.text.strip()), "")
    parts = any(part.strip() for line in _named(card, "N") for part in line.fields)
    company = next((line.fields[0].strip() for line in _named(card, "ORG")), "")
    if company and not parts and whole in {"", company}:
        raise SkippedEntryError(_COMPANY)


def _find_birthday(card: list[CardLine], dates: Iterable[_OtherDate], context: ReadContext) -> ReadBirthday:
    """Return the first birthday that is a date, else why there is none."""
    found = [_read_line(line, context) for line in _named(card, "BDAY")]
    found += [read_birthday(each.value, context) for each in dates if each.kind is EventKind.BIRTHDAY]
    dated = (each for each in found if each.birthday or each.possible)
    return next(dated, next((each for each in found if each.problem), ReadBirthday()))


def _read_line(line: CardLine, context: ReadContext) -> ReadBirthday:
    value = line.value.strip()
    left_out = f"the birthday {value[:40]!r} was left out"
    if line.parameters.get("VALUE", "").lower() == "text":
        return (
            ReadBirthday(problem=f"{left_out}: the card says that it is a text, not a date")
            if value
            else ReadBirthday()
        )
    if line.parameters.get("CALSCALE", "gregorian").lower() != "gregorian":
        return ReadBirthday(problem=f"{left_out}: it is a date of another calendar")
    no_year = line.parameters.get("X-APPLE-OMIT-YEAR", "")
    if no_year and value.startswith(no_year):
        value = f"0000{value[len(no_year) :]}"
    return read_birthday(value, context)


def _list_dates(card: list[CardLine]) -> Iterator[_OtherDate]:
    labels = {line.group: line.text for line in _named(card, "X-ABLABEL") if line.group}
    for line in card:
        if line.name == "X-ABDATE":
            yield _OtherDate(find_kind(labels.get(line.group, "")), line.value)
        elif line.name == "X-ANDROID-CUSTOM" and line.value.startswith(_ANDROID_EVENT):
            _, value, type_, label = (*line.fields, "", "", "", "")[:4]
            kind = find_kind(label) if type_ in {"", _ANDROID_CUSTOM} else None
            yield _OtherDate(EventKind.BIRTHDAY if type_ == _ANDROID_BIRTHDAY else kind, value)


def _find_name(card: list[CardLine]) -> str:
    """Return the formatted name, else the joined parts of the structured name."""
    whole = next((line.text for line in _named(card, "FN") if line.text.strip()), "")
    if whole:
        return whole
    family, given, more, prefix, suffix = next(
        ((line.fields + [""] * 5)[:5] for line in _named(card, "N")), [""] * 5
    )
    return " ".join((prefix, given, more, family, suffix))


def _named(card: Iterable[CardLine], name: str) -> Iterator[CardLine]:
    return (line for line in card if line.name == name)
