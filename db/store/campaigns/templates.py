"""Message templates. What can't be rendered for everybody never gets in."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Account
from db.tables import MessageTemplate as Row
from worker.rules.messages.templates import MessageTemplate, check_template


@dataclass(frozen=True, slots=True)
class DefaultTemplate:
    """A template that ships. `key` stays when the text is corrected in a later version."""

    key: str
    language: str
    late: bool
    body: str


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """One row. `account` is None for everybody's; a default ships with Rapport and is everybody's."""

    id: int
    account: str | None
    language: str
    late: bool
    body: str
    weight: int
    enabled: bool
    default: bool


def add_template(
    session: Session, *, account_id: int | None, language: str, late: bool, body: str, weight: int = 1
) -> int | None:
    """Add a template for one account, or with None for all; return its id, or None if it is there already.

    Raises TemplateRefusedError when it could fail, or be too long, for anybody.
    """
    body = unicodedata.normalize("NFC", body.strip())
    check_template(body, late=late)
    values = {"account_id": account_id, "language": language, "late": late, "body": body, "weight": weight}
    return session.scalar(insert(Row).values(**values).on_conflict_do_nothing().returning(Row.id))


def find_template(session: Session, template_id: int) -> TemplateRecord | None:
    """Return one template, or None if there is none of that id."""
    found = list_templates(session, template_id=template_id)
    return found[0] if found else None


def list_templates(
    session: Session,
    *,
    account_id: int | None = None,
    language: str | None = None,
    template_id: int | None = None,
) -> Sequence[TemplateRecord]:
    """Return templates, enabled or not; for an account its own and everybody's."""
    statement = (
        select(Row, Account.name)
        .outerjoin(Account, Account.id == Row.account_id)
        .order_by(Row.language, Row.late, Row.account_id.nulls_first(), Row.id)
    )
    if account_id is not None:
        statement = statement.where(or_(Row.account_id == account_id, Row.account_id.is_(None)))
    if language is not None:
        statement = statement.where(Row.language == language)
    if template_id is not None:
        statement = statement.where(Row.id == template_id)
    return [
        TemplateRecord(
            row.id,
            name,
            row.language,
            row.late,
            row.body,
            row.weight,
            row.enabled,
            row.default_key is not None,
        )
        for row, name in session.execute(statement)
    ]


def list_usable_templates(session: Session, account_id: int) -> Sequence[MessageTemplate]:
    """Return the enabled templates that the account uses.

    Its own for a language, on the day or late, replace everybody's for the same; the others stay in use.
    """
    found = [record for record in list_templates(session, account_id=account_id) if record.enabled]
    own = {(record.language, record.late) for record in found if record.account is not None}
    return [
        MessageTemplate(record.id, record.language, record.late, record.body, record.weight)
        for record in found
        if record.account is not None or (record.language, record.late) not in own
    ]


def set_template_enabled(session: Session, template_id: int, *, enabled: bool) -> None:
    """Say whether a template is used. What is planned already keeps its text."""
    session.execute(update(Row).where(Row.id == template_id).values(enabled=enabled))


def set_template_weight(session: Session, template_id: int, weight: int) -> None:
    """Say how often a template is chosen, from 1 to 100, beside the others of its language."""
    session.execute(update(Row).where(Row.id == template_id).values(weight=weight))


def delete_template(session: Session, template_id: int) -> None:
    """Remove a user's template. A default would be back at the next upgrade, so it stays as it is."""
    session.execute(delete(Row).where(Row.id == template_id, Row.default_key.is_(None)))


def save_default_templates(session: Session, defaults: Sequence[DefaultTemplate]) -> None:
    """Make everybody's defaults these: add new ones, correct texts, delete those that ship no longer.

    Weights stay, and what a user disabled stays disabled. Everybody's text that is now a default becomes it.
    """
    keys = [default.key for default in defaults]
    session.execute(delete(Row).where(Row.default_key.is_not(None), Row.default_key.not_in(keys)))
    for default in sorted(defaults, key=lambda default: default.key):  # two at once wait, and don't deadlock
        text = {"language": default.language, "late": default.late, "body": default.body}
        session.execute(delete(Row).filter_by(account_id=None, default_key=None, **text))
        statement = insert(Row).values(default_key=default.key, **text)
        session.execute(statement.on_conflict_do_update(index_elements=["default_key"], set_=text))
