"""What a message template says. Rendering is pure; a template that can fail is refused at load."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_MESSAGE_CHARACTERS = 600
"""Longer greetings read like advertising; every site takes this length."""

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_KNOWN = frozenset({"first_name"})
_FAULTS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What a template's own expressions raise when they run."""


class TemplateRefusedError(ValueError):
    """The template can't be rendered for everybody. The text says why."""


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """One way to say it: for today or for a late greeting, in one language (ISO 639-1)."""

    id: int
    language: str
    late: bool
    body: str


def render(body: str, *, first_name: str) -> str:
    """Return the message of template `body` for a person called `first_name`.

    Raises TemplateRefusedError for bad syntax, an unknown variable, an empty or a too long message.
    """
    try:
        # Also the variables of branches that this name does not take.
        unknown = meta.find_undeclared_variables(_ENVIRONMENT.parse(body)) - _KNOWN
        text = _ENVIRONMENT.from_string(body).render(first_name=first_name)
    except _FAULTS as error:
        raise TemplateRefusedError(f"the template can't be rendered: {error}") from error
    if unknown:
        raise TemplateRefusedError(
            f"the template asks for {', '.join(sorted(unknown))}: there is no such field"
        )
    message = re.sub(r"[ \t]+", " ", text).strip()
    if not message:
        raise TemplateRefusedError("the template renders to nothing")
    if len(message) > MAX_MESSAGE_CHARACTERS:
        raise TemplateRefusedError(f"{len(message)} characters; at most {MAX_MESSAGE_CHARACTERS} are sent")
    return message


def choose(
    templates: Sequence[MessageTemplate], *, language: str, late: bool, draw: int
) -> MessageTemplate | None:
    """Return one template for `language`, English where there is none, or None where that lacks too.

    `draw` is any non-negative integer; equal draws give equal choices, so a plan made twice says the same.
    """
    for wanted in (language, "en"):
        fitting = sorted(
            (t for t in templates if t.language == wanted and t.late == late), key=lambda t: t.id
        )
        if fitting:
            return fitting[draw % len(fitting)]
    return None
