"""Message templates. What can't be rendered for everybody never gets in."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import MessageTemplate as Row
from worker.rules.templates import MessageTemplate, render

AWKWARD_NAMES = ("Jean-Noël", "李小龙", "", "O'Brien", "{{ first_name }}", "<b>", "x" * 80)


def add(session: Session, *, account_id: int | None, language: str, late: bool, body: str) -> None:
    """Add a template for one account, or with None for all. Adding it twice changes nothing.

    Raises TemplateRefusedError when it could fail, or be too long, for anybody.
    """
    for name in AWKWARD_NAMES:
        render(body, first_name=name)
    values = {"account_id": account_id, "language": language, "late": late, "body": body}
    session.execute(insert(Row).values(**values).on_conflict_do_nothing())


def for_account(session: Session, account_id: int) -> Sequence[MessageTemplate]:
    """Return the account's own templates, or everybody's where it has none."""
    rows = session.scalars(
        select(Row).where(or_(Row.account_id == account_id, Row.account_id.is_(None))).order_by(Row.id)
    ).all()
    own = [row for row in rows if row.account_id is not None]
    return [MessageTemplate(row.id, row.language, row.late, row.body) for row in own or rows]
