"""How often templates were used, by the texts that were sent: a message doesn't name its template."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_VARYING: Final = re.compile(r"\{%\s*if\b.*?endif\s*%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_FEWEST_LETTERS: Final = 8
"""A template with less text of its own would match what others wrote."""


@dataclass(frozen=True, slots=True)
class SentText:
    """A greeting that was sent, and when."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """How many of the greetings have the text of a template, and when the last of them was sent."""

    count: int
    last_at: datetime


def count_uses(bodies: Mapping[int, str], sent: Sequence[SentText]) -> Mapping[int, TemplateUse]:
    """Return the uses of each template, by number; those that weren't used are left out.

    `bodies` are the templates' texts by number. A text that a person edited counts for none.
    """
    uses: dict[int, TemplateUse] = {}
    for number, body in bodies.items():
        parts = _list_fixed_parts(body)
        found = [each.at for each in sent if parts and _is_made_of(each.text, parts)]
        if found:
            uses[number] = TemplateUse(len(found), max(found))
    return uses


def _list_fixed_parts(body: str) -> Sequence[str]:
    """Return what each text of the template has in common, in order; none if that is too little."""
    parts = [re.sub(r"[ \t]+", " ", part) for part in _VARYING.split(body.strip())]
    letters = sum(letter.isalpha() for part in parts for letter in part)
    return parts if letters >= _FEWEST_LETTERS else ()


def _is_made_of(text: str, parts: Sequence[str]) -> bool:
    """Return whether a text is these parts with something between them, and perhaps a signature below."""
    first, *rest = parts
    if not text.startswith(first):
        return False
    place = len(first)
    for part in rest:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return not parts[-1] or text.endswith(parts[-1]) or text[place:][:1] in {"", "\n"}
