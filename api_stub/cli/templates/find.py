"""Find templates by their number, and say whether they are used and what is odd about them."""

import re
from collections.abc import Sequence
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from db.store.campaigns import templates
from db.store.campaigns.templates import TemplateRecord
from worker.errors import RequestRefusedError
from worker.rules.messages.template_syntax import TemplateRefusedError
from worker.rules.messages.template_warnings import list_warnings
from worker.rules.messages.templates import check_template

_USED = "used"

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
    try:
        check_template(record.body, late=record.late)
    except TemplateRefusedError as error:
        return f"can't be used: {error}"
    return _USED if record.enabled else "disabled"


def is_rival(record: TemplateRecord, other: TemplateRecord) -> bool:
    """Return whether `other` is another template in use for the same language and lateness."""
    return (
        other.id != record.id
        and (other.language, other.late) == (record.language, record.late)
        and format_state(other) == _USED
    )


def warn_about(record: TemplateRecord, found: Sequence[TemplateRecord]) -> Sequence[str]:
    """Return the warnings about a template in use, compared with its rivals; none for a default."""
    if record.default or format_state(record) != _USED:
        return []
    rivals = [other.body for other in found if is_rival(record, other)]
    return list_warnings(record.body, late=record.late, others=rivals)
