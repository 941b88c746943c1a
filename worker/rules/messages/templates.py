"""Message templates: validation and rendering. A template that could fail is refused when it is added.

A template is text with fields, `{{ first_name }}`, and choices by the number of days that have passed,
`{% if days_late == 1 %}yesterday{% else %}lately{% endif %}`. All other syntax (loops, arithmetic, calls,
attributes) is refused before it runs, so validation and rendering always end. Choices depend on the days
alone, so rendering a template for every day and the longest name covers every possible output.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from jinja2 import Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from worker.errors import RequestRefusedError
from worker.rules.characters import find_invisible, has_visible_text
from worker.rules.names.difficult_names import DIFFICULT_NAMES
from worker.rules.names.spoken_name import LONGEST_FIRST_NAME, LONGEST_FULL_NAME, SpokenName, spoken_name

MAX_MESSAGE_CHARACTERS = 600
"""Longer greetings read like advertising. Every site accepts this length."""

MAX_TEMPLATE_CHARACTERS = 4_000
"""Enough for a message for each of ten days."""

MAX_DAYS_LATE = 10
"""No greeting is sent later than this."""

TEMPLATE_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "first_name": "the first name: Jean-Noël",
        "full_name": "the whole name without titles and degrees: Jean-Noël Dupont",
        "days_late": "how many days ago the birthday was: 1, 2, ...; only in late templates",
    }
)
TEMPLATE_FILTERS = frozenset({"capitalize", "lower", "upper"})

_DAYS = "days_late"
_ENVIRONMENT = ImmutableSandboxedEnvironment(autoescape=False)
_MAX_DEPTH = 20
_LONGEST_IN_CAPITALS = "\u0390"
"""A letter whose upper case is three characters long, the maximum in Unicode."""

_LONGEST = SpokenName(_LONGEST_IN_CAPITALS * LONGEST_FIRST_NAME, _LONGEST_IN_CAPITALS * LONGEST_FULL_NAME)
_COMPARISONS = frozenset({"eq", "ne", "lt", "lteq", "gt", "gteq"})


class TemplateRefusedError(RequestRefusedError):
    """The template can't be rendered for every contact. The error text says why."""


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
    for name in (_LONGEST, *_difficult_names()):
        for days in range(1, MAX_DAYS_LATE + 1) if late else (0,):
            render_template(body, name=name, days_late=days)


def render_template(body: str, *, name: SpokenName, days_late: int) -> str:
    """Return the message of the template `body` for a person; `days_late` is 0 on the day.

    Raises TemplateRefusedError for an invalid template or message; `check_template` finds these beforehand.
    """
    text = _compile(body).jinja.render(first_name=name.first, full_name=name.full, days_late=days_late)
    message = re.sub(r"[ \t]+", " ", text).strip()
    fault = find_message_fault(message)
    if fault is not None:
        raise TemplateRefusedError(f"the template {fault}")
    return message


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
    try:
        tree = _ENVIRONMENT.parse(body)
    except (TemplateError, RecursionError) as error:
        raise TemplateRefusedError(f"the template can't be read: {error}") from error
    if _depth(tree) > _MAX_DEPTH:
        raise TemplateRefusedError("the template is nested too deeply")
    for statement in tree.body:
        _check_statement(statement)
    fields = frozenset(name.name for name in tree.find_all(nodes.Name))
    return _Compiled(_ENVIRONMENT.from_string(tree), fields)


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
        case nodes.CondExpr(expr2=None):
            raise TemplateRefusedError(f"line {node.lineno}: an `if` inside {{{{ }}}} needs an `else`")
        case nodes.CondExpr(expr2=nodes.Expr() as otherwise):
            _check_condition(node.test)
            _check_value(node.expr1)
            _check_value(otherwise)
        case _:
            raise _unsupported(node)


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
