"""The syntax of message templates: which fields, choices and defaults a text may hold, and nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from jinja2 import Template, TemplateError, Undefined, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from worker.errors import RequestRefusedError
from worker.rules.messages.message_text import describe_position
from worker.rules.messages.placeholders import Placeholder, correct_placeholders, find_placeholders

MAX_TEMPLATE_CHARACTERS = 4_000
"""Enough for a message for each of ten days."""

OPTIONAL_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "company": "where the person works: Example Corp",
        "headline": "the headline of the profile: Head of Research at Example Corp",
        "city": "the city of the profile: Lyon",
        "years_known": "for how many whole years you have been connected: 2, 3, ...",
    }
)
"""Fields that are not known for everybody. `{{ company or 'your team' }}` has a default."""

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


DAYS_FIELD = "days_late"
_ENVIRONMENT = ImmutableSandboxedEnvironment(autoescape=False, undefined=_Unknown)
_MAX_DEPTH = 20
_COMPARISONS = frozenset({"eq", "ne", "lt", "lteq", "gt", "gteq"})


class TemplateRefusedError(RequestRefusedError):
    """The template can't be rendered for every contact. The error text says why."""


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """A valid template, and the fields that it uses."""

    jinja: Template
    fields: frozenset[str]


@lru_cache(maxsize=1_000)
def compile_template(body: str) -> CompiledTemplate:
    """Compile a template. Raises TemplateRefusedError for syntax or fields that are not allowed."""
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
    return CompiledTemplate(_ENVIRONMENT.from_string(tree), fields)


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
        compile_template(body)
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
        f"{DAYS_FIELD}, nothing else ({what})"
    )


def _invalid_choice(node: nodes.Node) -> TemplateRefusedError:
    return TemplateRefusedError(
        f"line {node.lineno}: a choice can only compare {DAYS_FIELD} with a whole number, "
        f"as in {{% if {DAYS_FIELD} == 1 %}}"
    )
