"""vCard files, versions 2.1, 3 and 4: address books of phones and mail programs."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import vobject
from vobject.base import ContentLine, VObjectError

from db.imports.blocks import Block, read_blocks
from db.imports.dates import parse_birth_date
from db.imports.entries import BirthDate, Entry, Person, RefusedEntry, UnreadableEntryError
from db.imports.text_file import Lines

_PROPERTIES: Final = frozenset(
    {"VERSION", "FN", "N", "EMAIL", "URL", "X-SOCIALPROFILE", "SOCIALPROFILE", "BDAY", "ORG", "TITLE", "LANG"}
)


def read_vcards(lines: Lines, today: date) -> Iterator[Entry | RefusedEntry]:
    """Read the cards. A card does not say whether the person is a connection."""
    for block in read_blocks(lines, "VCARD", _PROPERTIES):
        if isinstance(block, RefusedEntry):
            yield block
            continue
        try:
            yield Entry(block.line, _to_person(_parse_card(block), today))
        except UnreadableEntryError as error:
            yield RefusedEntry(block.line, str(error))


def _parse_card(block: Block) -> Any:  # noqa: ANN401 -- vobject is untyped
    try:
        return next(vobject.readComponents(block.text, transform=False, allowQP=True))
    except (VObjectError, ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        raise UnreadableEntryError(f"no readable vCard: {type(error).__name__}") from None


def _to_person(card: Any, today: date) -> Person:  # noqa: ANN401 -- vobject is untyped
    urls = [
        *_text_values(card, "url"),
        *_text_values(card, "x-socialprofile"),
        *_text_values(card, "socialprofile"),
    ]
    return Person(
        name=_find_name(card),
        urls=tuple(urls),
        emails=tuple(_text_values(card, "email")),
        birthday=_find_birthday(card, today),
        company=next((_split_fields(text)[0] for text in _raw_values(card, "org")), ""),
        position=next(iter(_text_values(card, "title")), ""),
        language=next(iter(_text_values(card, "lang")), ""),
    )


def _find_birthday(card: Any, today: date) -> BirthDate | None:  # noqa: ANN401 -- vobject is untyped
    """Return the first birthday that is a date; skips free text such as `circa 1800`."""
    for line in card.contents.get("bday", ()):
        if "text" not in {str(value).lower() for value in line.params.get("VALUE", ())}:
            return parse_birth_date(str(line.value), today)
    return None


def _find_name(card: Any) -> str:  # noqa: ANN401 -- vobject is untyped
    """Return the formatted name, else the joined parts of the structured name."""
    whole = next((text for text in _text_values(card, "fn") if text.strip()), "")
    if whole:
        return whole
    family, given, more, prefix, suffix = next(
        ((_split_fields(text) + [""] * 5)[:5] for text in _raw_values(card, "n")), [""] * 5
    )
    return " ".join((prefix, given, more, family, suffix))


def _raw_values(card: Any, name: str) -> list[str]:  # noqa: ANN401 -- vobject is untyped
    return [str(line.value) for line in card.contents.get(name, ()) if isinstance(line, ContentLine)]


def _text_values(card: Any, name: str) -> list[str]:  # noqa: ANN401 -- vobject is untyped
    return [_unescape(text) for text in _raw_values(card, name)]


def _split_fields(text: str) -> list[str]:
    """Split at semicolons that are not escaped by a backslash."""
    parts = text.replace("\\\\", "\0").replace("\\;", "\1").split(";")
    return [_unescape(part.replace("\1", ";").replace("\0", "\\\\")) for part in parts]


def _unescape(text: str) -> str:
    """Remove backslash escapes (RFC 6350 §3.4), unnecessary ones too."""
    cleaned = text.replace("\\\\", "\0").replace("\\n", " ").replace("\\N", " ")
    return cleaned.replace("\\", "").replace("\0", "\\")
