"""The fields of a campaign's options in a form: what was typed, and the JSON values that it stands for."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import Any, Final

from api_stub.console.forms import PostedForm
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import Criterion

Typed = Mapping[str, str]
"""The text of each field, as it was typed or as it stands for stored options; a ticked box is "on"."""

_LONGEST: Final = 60_000
"""Characters in a field: a thousand addresses of profiles. The options' models allow far less elsewhere."""

_SOURCE: Final = "source"


class FieldType(Enum):
    """How a field is written."""

    NUMBER = auto()
    FLAG = auto()
    LINE = auto()
    LINES = auto()
    WORDS = auto()
    YES_OR_NO = auto()
    BOXES = auto()


_SEARCHED: Final = dict.fromkeys(("limit", "no_repeat_days", "stop_after"), FieldType.NUMBER)

CRITERIA: Final[Mapping[str, FieldType]] = {
    "criteria.keywords": FieldType.LINES,
    "criteria.title": FieldType.LINE,
    "criteria.location": FieldType.LINE,
    "criteria.company": FieldType.LINE,
    "criteria.skills": FieldType.LINES,
    "criteria.min_years": FieldType.NUMBER,
    "criteria.max_years": FieldType.NUMBER,
    "criteria.languages": FieldType.WORDS,
    "criteria.open_to_work": FieldType.YES_OR_NO,
    "criteria.required": FieldType.BOXES,
    **{f"criteria.weights.{criterion}": FieldType.NUMBER for criterion in Criterion},
}

FIELDS: Final[Mapping[CampaignKind, Mapping[str, FieldType]]] = {
    CampaignKind.BIRTHDAY: {
        "late_days": FieldType.NUMBER,
        "approval": FieldType.FLAG,
        "fallback_language": FieldType.LINE,
        "keep_replies": FieldType.FLAG,
        "read_site": FieldType.FLAG,
    },
    CampaignKind.VISITOR: {
        "saved_search": FieldType.LINE,
        "profiles": FieldType.LINES,
        "not_seen_months": FieldType.NUMBER,
        **_SEARCHED,
    },
    CampaignKind.SOURCING: {
        "url": FieldType.LINE,
        "saved_search": FieldType.LINE,
        **CRITERIA,
        **_SEARCHED,
    },
    CampaignKind.INVITATIONS: {"older_than_days": FieldType.NUMBER, "limit": FieldType.NUMBER},
}

SOURCES: Final[Mapping[CampaignKind, Mapping[str, frozenset[str]]]] = {
    CampaignKind.VISITOR: {
        "not_seen_months": frozenset({"not_seen_months"}),
        "saved_search": frozenset({"saved_search"}),
        "profiles": frozenset({"profiles"}),
    },
    CampaignKind.SOURCING: {
        "criteria": frozenset(CRITERIA),
        "saved_search": frozenset({"saved_search"}),
        "url": frozenset({"url", *CRITERIA}),
    },
}
"""Where a campaign gets its people from: one of these, with the fields that belong to it."""


def read_typed(form: PostedForm, fields: Iterable[str]) -> Typed:
    """Return what was typed into these fields, and which source was chosen."""
    return {name: _read_one(form, name) for name in (*fields, _SOURCE)}


def _read_one(form: PostedForm, name: str) -> str:
    if name.endswith(".required"):
        return "\n".join(form.texts(name))
    return form.text(name, most=_LONGEST)


def to_options(typed: Typed, kind: CampaignKind) -> dict[str, Any]:
    """Return the options that the fields stand for, without the fields of sources that weren't chosen."""
    sources = SOURCES.get(kind, {})
    unused = frozenset().union(*sources.values()) - sources.get(typed.get(_SOURCE, ""), frozenset())
    return to_values(typed, {name: form for name, form in FIELDS[kind].items() if name not in unused})


def to_values(typed: Typed, fields: Mapping[str, FieldType]) -> dict[str, Any]:
    """Return the JSON values of the fields, nested by the dots in their names. Empty fields are left out."""
    values: dict[str, Any] = {}
    for name, field_type in fields.items():
        value = _parse(typed.get(name, ""), field_type)
        if value is None:
            continue
        *parents, last = name.split(".")
        inner = values
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return values


def to_typed(options: Mapping[str, Any], kind: CampaignKind) -> Typed:
    """Return the fields' texts for options as they are stored."""
    typed = from_values(options, FIELDS[kind])
    sources = SOURCES.get(kind, {})
    named = (source for source in sources if source in FIELDS[kind] and options.get(source))
    return {**typed, _SOURCE: next(named, next(iter(sources), ""))}


def from_values(values: Mapping[str, Any], fields: Mapping[str, FieldType]) -> Typed:
    """Return the fields' texts for JSON values."""
    return {name: _format(_find(values, name)) for name in fields}


def _find(values: Mapping[str, Any], name: str) -> object:
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _format(value: object) -> str:
    match value:
        case None | False:
            return "no" if value is False else ""
        case True:
            return "on"
        case str() | int():
            return str(value)
        case [*items]:
            return "\n".join(map(str, items))
        case _:
            raise TypeError(f"a field can't hold {type(value).__name__}")


def _parse(text: str, field_type: FieldType) -> object:
    if field_type is FieldType.FLAG:
        return text == "on"
    return _PARSERS[field_type](text) if text else None


_PARSERS: Final[Mapping[FieldType, Callable[[str], object]]] = {
    FieldType.NUMBER: lambda text: int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text,
    FieldType.LINE: lambda text: text,
    FieldType.LINES: lambda text: [line.strip() for line in text.split("\n") if line.strip()],
    FieldType.WORDS: lambda text: re.findall(r"[^\s,;]+", text),
    FieldType.YES_OR_NO: lambda text: text == "on",
    FieldType.BOXES: lambda text: text.split("\n"),
}
