"""vCard 3 and 4, and what is left of 2.1: address books of phones and mail programs."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import vobject
from vobject.base import ContentLine, VObjectError

from db.imports.blocks import Block, blocks
from db.imports.dates import birth_date
from db.imports.people import BirthDate, Entry, Person, Refused, UnreadableError
from db.imports.source import Lines

_WANTED: Final = frozenset(
    {"VERSION", "FN", "N", "EMAIL", "URL", "X-SOCIALPROFILE", "SOCIALPROFILE", "BDAY", "ORG", "TITLE", "LANG"}
)


def read(lines: Lines, today: date) -> Iterator[Entry | Refused]:
    """Read card by card. A card knows a person, not a connection."""
    for block in blocks(lines, "VCARD", _WANTED):
        if isinstance(block, Refused):
            yield block
            continue
        try:
            yield Entry(block.line, _person(_card(block), today))
        except UnreadableError as error:
            yield Refused(block.line, str(error))


def _card(block: Block) -> Any:  # noqa: ANN401 -- vobject is untyped
    try:
        return next(vobject.readComponents(block.text, transform=False, allowQP=True))
    except (VObjectError, ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        raise UnreadableError(f"no readable vCard: {type(error).__name__}") from None


def _person(card: Any, today: date) -> Person:  # noqa: ANN401 -- vobject is untyped
    urls = [*_texts(card, "url"), *_texts(card, "x-socialprofile"), *_texts(card, "socialprofile")]
    return Person(
        name=_name(card),
        urls=tuple(urls),
        emails=tuple(_texts(card, "email")),
        birthday=_birthday(card, today),
        company=next((_fields(text)[0] for text in _raw(card, "org")), ""),
        position=next(iter(_texts(card, "title")), ""),
        language=next(iter(_texts(card, "lang")), ""),
    )


def _birthday(card: Any, today: date) -> BirthDate | None:  # noqa: ANN401 -- vobject is untyped
    """Return the first birthday that is a date; `circa 1800` and other free text is none."""
    for line in card.contents.get("bday", ()):
        if "text" not in {str(value).lower() for value in line.params.get("VALUE", ())}:
            return birth_date(str(line.value), today)
    return None


def _name(card: Any) -> str:  # noqa: ANN401 -- vobject is untyped
    """Return the formatted name, else one that is put together from its parts."""
    whole = next((text for text in _texts(card, "fn") if text.strip()), "")
    if whole:
        return whole
    family, given, more, prefix, suffix = next(
        ((_fields(text) + [""] * 5)[:5] for text in _raw(card, "n")), [""] * 5
    )
    return " ".join((prefix, given, more, family, suffix))


def _raw(card: Any, name: str) -> list[str]:  # noqa: ANN401 -- vobject is untyped
    return [str(line.value) for line in card.contents.get(name, ()) if isinstance(line, ContentLine)]


def _texts(card: Any, name: str) -> list[str]:  # noqa: ANN401 -- vobject is untyped
    return [_plain(text) for text in _raw(card, name)]


def _fields(text: str) -> list[str]:
    """Return the parts that semicolons set apart, but for those behind a backslash."""
    parts = text.replace("\\\\", "\0").replace("\\;", "\1").split(";")
    return [_plain(part.replace("\1", ";").replace("\0", "\\\\")) for part in parts]


def _plain(text: str) -> str:
    """Take the backslashes of the format away (RFC 6350 §3.4), also those that need not be."""
    cleaned = text.replace("\\\\", "\0").replace("\\n", " ").replace("\\N", " ")
    return cleaned.replace("\\", "").replace("\0", "\\")
