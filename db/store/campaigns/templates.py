"""Message templates. Only templates that render for every contact are stored."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from db.tables import Account
from db.tables import MessageTemplate as Row
from worker.rules.messages.templates import MessageTemplate, check_template


@dataclass(frozen=True, slots=True)
class DefaultTemplate:
    """A template that ships with Rapport. `key` stays the same when a later version corrects the text."""

    key: str
    language: str
    late: bool
    body: str


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """One template. `account` None means all accounts. `default`: it ships with Rapport."""

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
    """Add a template for one account, or for all with None; return its id, or None if it exists already.

    Raises TemplateRefusedError if it could fail, or become too long, for some contact.
    """
    body = unicodedata.normalize("NFC", body.strip())
    check_template(body, late=late)
    values = {"account_id": account_id, "language": language, "late": late, "body": body, "weight": weight}
    return session.scalar(insert(Row).values(**values).on_conflict_do_nothing().returning(Row.id))


def change_template(
    session: Session, template_id: int, *, language: str, late: bool, body: str, weight: int
) -> bool:
    """Change one of the user's templates; return False if another one has this text already.

    Planned greetings keep their text. Does nothing to a default, which the next upgrade would restore.
    Raises TemplateRefusedError as `add_template` does.
    """
    body = unicodedata.normalize("NFC", body.strip())
    check_template(body, late=late)
    try:
        with session.begin_nested():
            session.execute(
                update(Row)
                .where(Row.id == template_id, Row.default_key.is_(None))
                .values(language=language, late=late, body=body, weight=weight)
            )
    except IntegrityError:
        return False
    return True


def find_template(session: Session, template_id: int, *, lock: bool = False) -> TemplateRecord | None:
    """Return the template, or None. `lock` locks its row until the transaction ends."""
    statement = _TEMPLATES.where(Row.id == template_id)
    found = session.execute(statement.with_for_update(of=Row) if lock else statement).first()
    return _to_record(*found) if found else None


def list_page(
    session: Session,
    *,
    limit: int,
    after: int = 0,
    account_id: int | None = None,
    language: str | None = None,
) -> Sequence[TemplateRecord]:
    """Return up to `limit` templates with an id above `after`, in the order of their ids.

    `account_id`: only those that the account uses, and its own that are disabled.
    """
    statement = _TEMPLATES.where(Row.id > after).order_by(Row.id).limit(limit)
    if language is not None:
        statement = statement.where(Row.language == language)
    if account_id is not None:
        own = aliased(Row)
        replaced = exists().where(
            own.account_id == account_id, own.enabled, own.language == Row.language, own.late == Row.late
        )
        shared = and_(Row.account_id.is_(None), Row.enabled, ~replaced)
        statement = statement.where(or_(Row.account_id == account_id, shared))
    return [_to_record(*row) for row in session.execute(statement)]


_TEMPLATES = select(Row, Account.name).outerjoin(Account, Account.id == Row.account_id)


def _to_record(row: Row, account: str | None) -> TemplateRecord:
    return TemplateRecord(
        row.id,
        account,
        row.language,
        row.late,
        row.body,
        row.weight,
        row.enabled,
        row.default_key is not None,
    )


def list_templates(
    session: Session, *, account_id: int | None = None, language: str | None = None
) -> Sequence[TemplateRecord]:
    """Return templates, enabled or not. `account_id` selects the account's own and those of all accounts."""
    statement = _TEMPLATES.order_by(Row.language, Row.late, Row.account_id.nulls_first(), Row.id)
    if account_id is not None:
        statement = statement.where(or_(Row.account_id == account_id, Row.account_id.is_(None)))
    if language is not None:
        statement = statement.where(Row.language == language)
    return [_to_record(*row) for row in session.execute(statement)]


def list_usable_templates(session: Session, account_id: int) -> Sequence[MessageTemplate]:
    """Return the enabled templates that the account uses.

    For a language and lateness in which the account has templates of its own, only these are used.
    """
    found = [record for record in list_templates(session, account_id=account_id) if record.enabled]
    own = {(record.language, record.late) for record in found if record.account is not None}
    return [
        MessageTemplate(record.id, record.language, record.late, record.body, record.weight)
        for record in found
        if record.account is not None or (record.language, record.late) not in own
    ]


def set_template_enabled(session: Session, template_id: int, *, enabled: bool) -> None:
    """Enable or disable a template. Planned actions keep their text."""
    session.execute(update(Row).where(Row.id == template_id).values(enabled=enabled))


def set_template_weight(session: Session, template_id: int, weight: int) -> None:
    """Set the template's weight, 1 to 100: how often it is chosen relative to others of its language."""
    session.execute(update(Row).where(Row.id == template_id).values(weight=weight))


def delete_template(session: Session, template_id: int) -> None:
    """Delete a user's template. Does nothing for a default, which the next upgrade would restore."""
    session.execute(delete(Row).where(Row.id == template_id, Row.default_key.is_(None)))


def save_default_templates(session: Session, defaults: Sequence[DefaultTemplate]) -> None:
    """Set the default templates: add new ones, update texts, delete defaults that no longer ship.

    Weights and disabled states stay. A user's template for all accounts
    that has the text of a default is replaced by it.
    """
    keys = [default.key for default in defaults]
    session.execute(delete(Row).where(Row.default_key.is_not(None), Row.default_key.not_in(keys)))
    for default in sorted(defaults, key=lambda default: default.key):  # a fixed order, against deadlocks
        text = {"language": default.language, "late": default.late, "body": default.body}
        session.execute(delete(Row).filter_by(account_id=None, default_key=None, **text))
        statement = insert(Row).values(default_key=default.key, **text)
        session.execute(statement.on_conflict_do_update(index_elements=["default_key"], set_=text))
