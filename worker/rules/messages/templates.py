"""Message templates: validation and rendering. A template that could fail is refused when it is added.

A template is text with fields, `{{ first_name }}`, and choices by the number of days that have passed,
`{% if days_late == 1 %}yesterday{% else %}lately{% endif %}`. What is not known of everybody may have a
default: `{{ company or 'your team' }}`. All other syntax (loops, arithmetic, calls, attributes) is refused
before it runs, so validation and rendering always end. Choices depend only on the days and on which values
are known, so rendering a template for every day, with the longest name and each value at its longest or
unknown, covers every possible output.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product
from types import MappingProxyType

from jinja2 import Template, TemplateError, Undefined, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from worker.errors import RequestRefusedError
from worker.rules.characters import find_invisible, has_visible_text
from worker.rules.messages.personal_values import (
    LONGEST_CITY,
    LONGEST_COMPANY,
    LONGEST_HEADLINE,
    MOST_YEARS,
    NOTHING_KNOWN,
    PersonalValues,
)
from worker.rules.messages.placeholders import Placeholder, correct_placeholders, find_placeholders
from worker.rules.names.difficult_names import DIFFICULT_NAMES
from worker.rules.names.spoken_name import LONGEST_FIRST_NAME, LONGEST_FULL_NAME, SpokenName, spoken_name

MAX_MESSAGE_CHARACTERS = 600
"""Longer greetings read like advertising. Every site accepts this length."""

MAX_TEMPLATE_CHARACTERS = 4_000
"""Enough for a message for each of ten days."""

MAX_DAYS_LATE = 10
"""No greeting is sent later than this."""

OPTIONAL_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "company": "where the person works: Example Corp",
        "headline": "the headline of the profile: Head of Research at Example Corp",
        "city": "the city of the profile: Lyon",
        "years_known": "for how many whole years you have been connected: 2, 3, ...",
    }
)
"""Fields that are not known of everybody. `{{ company or 'your team' }}` has a default."""

TEMPLATE_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "first_name": "the first name: Jean-Noël",
        "full_name": "the whole name without titles and degrees: Jean-Noël Dupont",
        "days_late": "how many days ago the birthday was: 1, 2, ...; only in late templates",
        **OPTIONAL_FIELDS,
    }
)
TEMPLATE_FILTERS = frozenset({"capitalize", "lower", "upper"})


class _Unknown(Undefined):
    """A value that is not known: false in `or`, and an error where it would be written."""

    def __str__(self) -> str:
        raise UndefinedError(str(self._undefined_name))


_DAYS = "days_late"
_ENVIRONMENT = ImmutableSandboxedEnvironment(autoescape=False, undefined=_Unknown)
_MAX_DEPTH = 20
_LONGEST_IN_CAPITALS = "\u0390"
"""A letter whose upper case is three characters long, the maximum in Unicode."""

_LONGEST = SpokenName(_LONGEST_IN_CAPITALS * LONGEST_FIRST_NAME, _LONGEST_IN_CAPITALS * LONGEST_FULL_NAME)
_LONGEST_VALUES = PersonalValues(
    company=_LONGEST_IN_CAPITALS * LONGEST_COMPANY,
    headline=_LONGEST_IN_CAPITALS * LONGEST_HEADLINE,
    city=_LONGEST_IN_CAPITALS * LONGEST_CITY,
    years_known=MOST_YEARS,
)
_COMPARISONS = frozenset({"eq", "ne", "lt", "lteq", "gt", "gteq"})


class TemplateRefusedError(RequestRefusedError):
    """The template can't be rendered for every contact. The error text says why."""


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
    template = _compile(body)
    if not late and _DAYS in template.fields:
        raise TemplateRefusedError(f"{_DAYS} is for late templates: on the day there is nothing to count")
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
        text = _compile(body).jinja.render(
            first_name=name.first, full_name=name.full, days_late=days_late, **values.known()
        )
    except UndefinedError as error:
        raise ValueUnknownError(f"the template needs what isn't known of this person: {error}") from error
    message = re.sub(r"[ \t]+", " ", text).strip()
    fault = find_message_fault(message)
    if fault is not None:
        raise TemplateRefusedError(f"the template {fault}")
    return message


def list_fields(body: str) -> frozenset[str]:
    """Return the fields that the template uses. Raises TemplateRefusedError for an invalid one."""
    return _compile(body).fields


def find_message_fault(message: str) -> str | None:
    """Return why `message` can't be sent, to follow "the text" or "the template", or None if it can.

    A message must show something, have at most 600 characters, and hold no control or invisible character.
    """
    place = find_invisible(message)
    if place is not None:
        name = unicodedata.name(message[place], "")  # controls have none
        character = f"U+{ord(message[place]):04X}{f' ({name})' if name else ''}"
        return f"has a control character, {character}, {describe_position(message, place)}: take it out"
    if not has_visible_text(message):
        return "is empty: nothing in it can be seen"
    if len(message) > MAX_MESSAGE_CHARACTERS:
        return f"has {len(message)} characters; at most {MAX_MESSAGE_CHARACTERS} are sent"
    return None


def describe_position(message: str, place: int) -> str:
    """Return the position of a character in a message as an editor counts it: line and column."""
    before = message[:place].split("\n")
    return f"at character {len(before[-1]) + 1}" + (f" of line {len(before)}" if "\n" in message else "")


@cache
def _difficult_names() -> tuple[SpokenName, ...]:
    return tuple(filter(None, map(spoken_name, DIFFICULT_NAMES)))


@dataclass(frozen=True, slots=True)
class _Compiled:
    jinja: Template
    fields: frozenset[str]


@lru_cache(maxsize=1_000)
def _compile(body: str) -> _Compiled:
    if len(body) > MAX_TEMPLATE_CHARACTERS:
        raise TemplateRefusedError(
            f"a template of {len(body)} characters; at most {MAX_TEMPLATE_CHARACTERS} are read"
        )
    _refuse_placeholders(body)
    try:
        tree = _ENVIRONMENT.parse(body)
    except (TemplateError, RecursionError) as error:
        raise TemplateRefusedError(f"the template can't be read: {error}") from error
    if _depth(tree) > _MAX_DEPTH:
        raise TemplateRefusedError("the template is nested too deeply")
    for statement in tree.body:
        _check_statement(statement)
    for literal in tree.find_all((nodes.Const, nodes.TemplateData)):
        text = getattr(literal, "data" if isinstance(literal, nodes.TemplateData) else "value")
        if isinstance(text, str) and (found := find_placeholders(text)):
            raise TemplateRefusedError(f"line {literal.lineno}: the template has {_describe(text, found[0])}")
    fields = frozenset(name.name for name in tree.find_all(nodes.Name))
    return _Compiled(_ENVIRONMENT.from_string(tree), fields)


def _refuse_placeholders(body: str) -> None:
    """Refuse fields that are written in another program's way, and offer the corrected text."""
    found = find_placeholders(body, fields=TEMPLATE_FIELDS)
    if not found:
        return
    corrected = correct_placeholders(body, found, OPTIONAL_FIELDS)
    if corrected is not None and _is_valid(corrected):
        advice = f"write {{{{ {found[0].field} }}}}: '{corrected}'"
    elif found[0].is_brace:
        advice = "take it out: braces are only for fields such as {{ first_name }}"
    elif re.search("your|my|sender|signature", found[0].written, re.IGNORECASE):
        advice = "write your own name out, or set a signature: `rapport templates signature`"
    else:
        advice = f"the fields are {', '.join(f'{{{{ {field} }}}}' for field in TEMPLATE_FIELDS)}"
    raise TemplateRefusedError(f"the template has {_describe(body, found[0])}; {advice}")


def _is_valid(body: str) -> bool:
    try:
        _compile(body)
    except TemplateRefusedError:
        return False
    return True


def _describe(text: str, found: Placeholder) -> str:
    """Say what a placeholder is and where, to follow "the template has"."""
    position = describe_position(text, found.start)
    if found.is_brace:
        return f"a {found.written} {position} without its match"
    return f"{found.written} {position}, which nothing would fill in"


def _depth(tree: nodes.Node) -> int:
    depth, level = 0, [tree]
    while level := [child for node in level for child in node.iter_child_nodes()]:
        depth += 1
    return depth


def _check_statement(node: nodes.Node) -> None:
    match node:
        case nodes.Output():
            for part in node.nodes:
                _check_value(part)
        case nodes.If():
            _check_condition(node.test)
            for inner in (*node.body, *node.elif_, *node.else_):
                _check_statement(inner)
        case _:
            raise _unsupported(node)


def _check_value(node: nodes.Node) -> None:
    match node:
        case nodes.TemplateData() | nodes.Const(value=str()):
            pass
        case nodes.Name(name=name):
            if name not in TEMPLATE_FIELDS:
                raise TemplateRefusedError(
                    f"the template asks for {name}: there is no such field, only {', '.join(TEMPLATE_FIELDS)}"
                )
        case nodes.Filter() if node.name not in TEMPLATE_FILTERS:
            raise TemplateRefusedError(
                f"there is no filter {node.name} for templates, only {', '.join(sorted(TEMPLATE_FILTERS))}"
            )
        case nodes.Filter(node=nodes.Node() as inner, args=[], kwargs=[], dyn_args=None, dyn_kwargs=None):
            _check_value(inner)
        case nodes.Or(left=left, right=right):
            _check_optional(left)
            _check_value(right)
        case nodes.CondExpr(expr2=None):
            raise TemplateRefusedError(f"line {node.lineno}: an `if` inside {{{{ }}}} needs an `else`")
        case nodes.CondExpr(expr2=nodes.Expr() as otherwise):
            _check_condition(node.test)
            _check_value(node.expr1)
            _check_value(otherwise)
        case _:
            raise _unsupported(node)


def _check_optional(node: nodes.Expr) -> None:
    """Check what stands before `or`: a value that may be unknown."""
    match node:
        case nodes.Or(left=left, right=right):
            _check_optional(left)
            _check_optional(right)
        case nodes.Filter(node=nodes.Node() as inner):
            _check_value(node)
            _check_optional(inner)
        case nodes.Name(name=name) if name in OPTIONAL_FIELDS:
            pass
        case _:
            raise TemplateRefusedError(
                f"line {node.lineno}: only {', '.join(OPTIONAL_FIELDS)} can have a default, as in "
                "{{ company or 'your team' }}"
            )


def _check_condition(node: nodes.Node) -> None:
    match node:
        case nodes.Not():
            _check_condition(node.node)
        case nodes.And() | nodes.Or():
            _check_condition(node.left)
            _check_condition(node.right)
        case nodes.Compare() if all(operand.op in _COMPARISONS for operand in node.ops):
            for number in (node.expr, *(operand.expr for operand in node.ops)):
                _check_number(number)
        case _:
            raise _invalid_choice(node)


def _check_number(node: nodes.Node) -> None:
    match node:
        case nodes.Name(name="days_late"):
            pass
        case nodes.Const(value=int() as number) if not isinstance(number, bool):
            pass
        case _:
            raise _invalid_choice(node)


def _unsupported(node: nodes.Node) -> TemplateRefusedError:
    what = type(node).__name__.lower()
    return TemplateRefusedError(
        f"line {node.lineno}: a template holds text, fields such as {{{{ first_name }}}} and choices by "
        f"{_DAYS}, nothing else ({what})"
    )


def _invalid_choice(node: nodes.Node) -> TemplateRefusedError:
    return TemplateRefusedError(
        f"line {node.lineno}: a choice can only compare {_DAYS} with a whole number, "
        f"as in {{% if {_DAYS} == 1 %}}"
    )
