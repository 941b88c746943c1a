"""Find templates by their number, and say whether they are used."""

import re
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from db.store.campaigns import template_states, templates
from db.store.campaigns.templates import TemplateRecord
from worker.errors import RequestRefusedError

TemplateId = Annotated[
    int, typer.Argument(metavar="ID", help="The template's number, as `rapport templates list` shows it.")
]
TemplateOrText = Annotated[
    str, typer.Argument(metavar="ID|TEXT", help="A template's number, or a text to try.")
]


def require_template(session: Session, number: int) -> TemplateRecord:
    """Return the template. Raises RequestRefusedError if there is none."""
    record = templates.find_template(session, number)
    if record is None:
        raise RequestRefusedError(f"there is no template {number}; `rapport templates list` shows them")
    return record


def find_given(session: Session, given: str) -> TemplateRecord | None:
    """Return the template whose number is `given`, or None for a text. Raises RequestRefusedError."""
    return require_template(session, int(given)) if re.fullmatch("[0-9]{1,18}", given) else None


def format_state(record: TemplateRecord) -> str:
    """Return whether the template is used, disabled, or refused and why."""
    if refusal := template_states.find_refusal(record):
        return f"can't be used: {refusal}"
    return "used" if record.enabled else "disabled"
