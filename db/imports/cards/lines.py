"""The content lines of a vCard, versions 2.1, 3 and 4.

icalendar parses their names and parameters. Unfolding, quoted-printable, and parameters without a name, which
only vCard 2.1 has, are done here.
"""

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from icalendar.parser import Contentline

from db.imports.entries import UnreadableEntryError

_PARAMETERS: Final = re.compile(r'(?P<name>[^;:"]+)(?P<given>(?:;(?:[^";:]|"[^"]*")*)*):')
_PARAMETER: Final = re.compile(r';((?:[^";:]|"[^"]*")*)')
_ENCODINGS: Final = frozenset({"QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"})


@dataclass(frozen=True, slots=True)
class CardLine:
    """One property: its name, its group and the names of its parameters in upper case, its value as written.

    In the value, quoted-printable is decoded; backslashes are not.
    """

    name: str
    group: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value as a text."""
        return unescape(self.value)

    @property
    def fields(self) -> list[str]:
        """The value's parts between semicolons."""
        return split_fields(self.value)


def parse_card(texts: Iterable[str]) -> list[CardLine]:
    """Parse the lines of a card. Raises UnreadableEntryError for one that is no property."""
    return [_parse(line) for line in _unfold(texts) if not line.upper().startswith(("BEGIN:", "END:"))]


def split_fields(text: str) -> list[str]:
    """Split at semicolons that are not escaped by a backslash."""
    parts = text.replace("\\\\", "\0").replace("\\;", "\1").split(";")
    return [unescape(part.replace("\1", ";").replace("\0", "\\\\")) for part in parts]


def unescape(text: str) -> str:
    """Remove backslash escapes (RFC 6350 §3.4), unnecessary ones too."""
    cleaned = text.replace("\\\\", "\0").replace("\\n", " ").replace("\\N", " ")
    return cleaned.replace("\\", "").replace("\0", "\\")


def _unfold(texts: Iterable[str]) -> Iterator[str]:
    """Yield whole lines. A quoted-printable one goes on where it ends with `=`."""
    whole = ""
    for text in texts:
        if whole.endswith("=") and _is_quoted(whole):
            whole = whole[:-1] + (text[1:] if text[:2] in {" =", "\t="} else text)  # some phones fold, too
        elif text[:1] in {" ", "\t"}:
            whole += text[1:]
        else:
            if whole.strip():
                yield whole
            whole = text
    if whole.strip():
        yield whole


def _is_quoted(line: str) -> bool:
    return "QUOTED-PRINTABLE" in line.partition(":")[0].upper()


def _parse(line: str) -> CardLine:
    match = _PARAMETERS.match(line)
    if match is None:
        raise UnreadableEntryError("it isn't a readable vCard: a line has no colon")
    given = "".join(
        f";{_name_parameter(each)}" for each in _PARAMETER.findall(match["given"]) if each.strip()
    )
    try:
        name, parameters, _ = Contentline(f"{match['name']}{given}:").raw_parts()  # type: ignore[no-untyped-call]  # icalendar types only its public methods
    except ValueError:
        raise UnreadableEntryError(
            "it isn't a readable vCard: a line's name or parameter is invalid"
        ) from None
    group, _, own = str(name).upper().rpartition(".")
    flat = {str(key).upper(): ",".join(_as_list(value)) for key, value in parameters.items()}
    value = line[match.end() :]
    if flat.get("ENCODING", "").upper() == "QUOTED-PRINTABLE":
        value = _decode_quoted(value, flat.get("CHARSET", "utf-8"))
    return CardLine(own, group, flat, value)


def _name_parameter(given: str) -> str:
    """Return a parameter with its name, which vCard 2.1 may leave out."""
    if "=" in given:
        return given
    return f"ENCODING={given.strip()}" if given.strip().upper() in _ENCODINGS else f"TYPE={given.strip()}"


def _as_list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _decode_quoted(value: str, charset: str) -> str:
    """Decode quoted-printable. Raises UnreadableEntryError if it is not text in `charset`."""
    try:
        return quopri.decodestring(value.encode("utf-8")).decode(charset.strip("'\" ") or "utf-8")
    except (LookupError, UnicodeError):
        raise UnreadableEntryError(f"it isn't a readable vCard: its text isn't in {charset[:40]}") from None
