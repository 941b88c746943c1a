"""Message templates: validation and rendering. A template that could fail is refused when it is added.

A template is text with fields, `{{ first_name }}`, and choices by the number of days that have passed,
`{% if days_late == 1 %}yesterday{% else %}lately{% endif %}`. What is not known of everybody may have a
default: `{{ company or 'your team' }}`. All other syntax (loops, arithmetic, calls, attributes) is refused
before it runs, so validation and rendering always end. Choices depend only on the days and on which values
are known, so rendering a template for every day, with the longest name and each value at its longest or
unknown, covers every possible output.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from jinja2 import UndefinedError

from worker.rules.messages.message_text import find_message_fault
from worker.rules.messages.personal_values import (
    LONGEST_CITY,
    LONGEST_COMPANY,
    LONGEST_HEADLINE,
    MOST_YEARS,
    NOTHING_KNOWN,
    PersonalValues,
)
from worker.rules.messages.template_syntax import (
    DAYS_FIELD,
    OPTIONAL_FIELDS,
    TemplateRefusedError,
    compile_template,
)
from worker.rules.names.difficult_names import DIFFICULT_NAMES
from worker.rules.names.spoken_name import LONGEST_FIRST_NAME, LONGEST_FULL_NAME, SpokenName, spoken_name

MAX_DAYS_LATE = 10
"""No greeting is sent later than this."""


_LONGEST_IN_CAPITALS = "\u0390"
"""A letter whose upper case is three characters long, the maximum in Unicode."""

_LONGEST = SpokenName(_LONGEST_IN_CAPITALS * LONGEST_FIRST_NAME, _LONGEST_IN_CAPITALS * LONGEST_FULL_NAME)
_LONGEST_VALUES = PersonalValues(
    company=_LONGEST_IN_CAPITALS * LONGEST_COMPANY,
    headline=_LONGEST_IN_CAPITALS * LONGEST_HEADLINE,
    city=_LONGEST_IN_CAPITALS * LONGEST_CITY,
    years_known=MOST_YEARS,
)


class ValueUnknownError(TemplateRefusedError):
    """The template needs something that is not known of this person, and has no default for it."""


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A template for greetings on the day or for late ones, in one language (ISO 639-1)."""

    id: int
    language: str
    late: bool
    body: str
    weight: int = 1


def check_template(body: str, *, late: bool) -> None:
    """Raise TemplateRefusedError, with the reason, unless `body` renders a valid message for anybody."""
    template = compile_template(body)
    if not late and DAYS_FIELD in template.fields:
        raise TemplateRefusedError(
            f"{DAYS_FIELD} is for late templates: on the day there is nothing to count"
        )
    days = range(1, MAX_DAYS_LATE + 1) if late else (0,)
    for each in days:
        for known in _combinations(template.fields):
            _render_if_known(body, _LONGEST, each, known)
        for name in _difficult_names():
            _render_if_known(body, name, each, _LONGEST_VALUES)


def _combinations(fields: frozenset[str]) -> Iterator[PersonalValues]:
    """Yield values for the optional fields that a template uses, each at its longest or unknown."""
    used = [name for name in OPTIONAL_FIELDS if name in fields]
    for known in product((True, False), repeat=len(used)):
        unknown = [name for name, is_known in zip(used, known, strict=True) if not is_known]
        yield replace(_LONGEST_VALUES, **{name: getattr(NOTHING_KNOWN, name) for name in unknown})


def _render_if_known(body: str, name: SpokenName, days_late: int, values: PersonalValues) -> None:
    with suppress(ValueUnknownError):
        render_template(body, name=name, days_late=days_late, values=values)


def render_template(
    body: str, *, name: SpokenName, days_late: int, values: PersonalValues = NOTHING_KNOWN
) -> str:
    """Return the message of the template `body` for a person; `days_late` is 0 on the day.

    Raises ValueUnknownError if a value without default is unknown, and TemplateRefusedError for an invalid
    template or message, which `check_template` finds beforehand.
    """
    try:
        text = compile_template(body).jinja.render(
            first_name=name.first, full_name=name.full, days_late=days_late, **values.known()
        )
    except UndefinedError as error:
        raise ValueUnknownError(
            f"the template needs a value that isn't known for this person: {error}"
        ) from error
    message = re.sub(r"[ \t]+", " ", text).strip()
    fault = find_message_fault(message)
    if fault is not None:
        raise TemplateRefusedError(f"the template {fault}")
    return message


def list_fields(body: str) -> frozenset[str]:
    """Return the fields that the template uses. Raises TemplateRefusedError for an invalid one."""
    return compile_template(body).fields


@cache
def _difficult_names() -> tuple[SpokenName, ...]:
    return tuple(filter(None, map(spoken_name, DIFFICULT_NAMES)))
