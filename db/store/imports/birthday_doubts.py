"""Imported birthdays whose contact or day is uncertain: a person confirms or refuses them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVarTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from db.tables import Account, Contact, Import, ImportChange, ImportDoubt
from db.tables.folding import fold_sql
from worker.errors import RequestRefusedError

_FOLDED_DOUBT: Final[ColumnElement[str]] = literal_column(fold_sql("import_doubts.name"))
Columns = TypeVarTuple("Columns")

_MOST_TOGETHER: Final = 20
"""Candidates and days of one entry that an answer settles together."""
_BIRTHDAY_COLUMNS: Final = ("birth_month", "birth_day", "birth_year")


@dataclass(frozen=True, slots=True)
class BirthdayDoubt:
    """A birthday of an import entry, and a contact who may be meant; or one of several days that it may be.

    `is_unique`: exactly one contact of the account has the entry's whole name, this one, the file says the
    day for certain, and no other entry has another birthday for it. `day_uncertain`: the file leaves the day
    open.
    """

    id: int
    import_id: int
    file_name: str
    line: int
    account: str
    name: str
    month: int
    day: int
    year: int | None
    contact_id: int
    contact: str
    profile_url: str
    headline: str
    company: str
    is_unique: bool
    day_uncertain: bool


def list_doubts(
    session: Session,
    *,
    account: str | None = None,
    ids: Sequence[int] | None = None,
    only_unique: bool = False,
    after: tuple[int, int] | tuple[int, int, int] | None = None,
    limit: int | None = 100,
) -> Sequence[BirthdayDoubt]:
    """Return the unanswered doubts, oldest first; the candidates and days of one entry are adjacent.

    Leaves out uncertain days of contacts whose birthday has become known otherwise. `after` is the import and
    line of the last entry of the page before, or with a third number the last doubt.
    """
    is_unique = _is_unique()
    statement = _of_account(
        select(ImportDoubt, Import.file_name, Account.name, Contact, is_unique).where(*_open()), account
    )
    if after is not None:
        place = (ImportDoubt.import_id, ImportDoubt.line, ImportDoubt.id)[: len(after)]
        statement = statement.where(tuple_(*place) > tuple_(*after))
    if ids is not None:
        statement = statement.where(ImportDoubt.id.in_(ids))
    if only_unique:
        statement = statement.where(is_unique)
    in_order = statement.order_by(ImportDoubt.import_id, ImportDoubt.line, ImportDoubt.id).limit(limit)
    return [
        _doubt(row, file_name, owner, contact, unique=unique)
        for row, file_name, owner, contact, unique in session.execute(in_order)
    ]


def has_doubt(session: Session, doubt_id: int) -> bool:
    """Return whether there is this doubt, answered or not."""
    return session.scalar(select(ImportDoubt.id).where(ImportDoubt.id == doubt_id)) is not None


def count_doubts(session: Session, *, account: str | None = None) -> int:
    """Return the number of entries that `list_doubts` has, with all their candidates and days."""
    entries = _of_account(
        select(ImportDoubt.import_id, ImportDoubt.line).where(*_open()).distinct(), account
    ).subquery()
    return session.scalars(select(func.count()).select_from(entries)).one()


@dataclass(frozen=True, slots=True)
class AnsweredDoubt:
    """What a person said about an entry. `doubt` is the one that was confirmed, or one that was refused."""

    doubt: BirthdayDoubt
    is_theirs: bool
    at: datetime


def list_answered(
    session: Session, *, account: str | None = None, limit: int = 10
) -> Sequence[AnsweredDoubt]:
    """Return what was answered last, the latest first; of candidates that were answered together, one."""
    statement = _of_account(
        select(ImportDoubt, Import.file_name, Account.name, Contact, literal(False))
        .where(ImportDoubt.settled_at.is_not(None), Contact.forgotten_at.is_(None))
        .order_by(ImportDoubt.settled_at.desc(), ImportDoubt.is_theirs.desc(), ImportDoubt.id)
        .limit(limit * _MOST_TOGETHER),
        account,
    )
    found: dict[tuple[int, int, datetime], AnsweredDoubt] = {}
    for row, file_name, owner, contact, _ in session.execute(statement):
        if row.settled_at is not None:
            doubt = _doubt(row, file_name, owner, contact, unique=False)
            answered = AnsweredDoubt(doubt, bool(row.is_theirs), row.settled_at)
            found.setdefault((row.import_id, row.line, row.settled_at), answered)
    return list(found.values())[:limit]


def _of_account(statement: Select[*Columns], account: str | None) -> Select[*Columns]:
    joined = (
        statement.join(Import, Import.id == ImportDoubt.import_id)
        .join(Account, Account.id == Import.account_id)
        .join(Contact, Contact.id == ImportDoubt.contact_id)
    )
    return joined if account is None else joined.where(Account.name == account)


def _open() -> Sequence[ColumnElement[bool]]:
    known = tuple_(Contact.birth_month, Contact.birth_day)
    is_answered = and_(  # 28 February may stand for the 29th
        ImportDoubt.day_uncertain, Contact.birth_month.is_not(None), known != tuple_(2, 28)
    )
    return ImportDoubt.settled_at.is_(None), ~is_answered


def _doubt(row: ImportDoubt, file_name: str, owner: str, contact: Contact, *, unique: bool) -> BirthdayDoubt:
    return BirthdayDoubt(
        row.id, row.import_id, file_name, row.line, owner, row.name, row.birth_month, row.birth_day,
        row.birth_year, contact.id, contact.full_name, contact.profile_url,
        contact.profile.get("headline") or contact.profile.get("position") or "",
        contact.profile.get("company") or "", unique, row.day_uncertain,
    )  # fmt: skip


def _is_unique() -> ColumnElement[bool]:
    namesake, other = aliased(Contact), aliased(ImportDoubt)
    namesakes = exists().where(
        namesake.account_id == Contact.account_id,
        namesake.id != Contact.id,
        namesake.folded_name == Contact.folded_name,
        namesake.forgotten_at.is_(None),
    )
    contradicted = exists().where(
        other.contact_id == Contact.id,
        other.settled_at.is_(None),
        tuple_(other.birth_month, other.birth_day) != tuple_(ImportDoubt.birth_month, ImportDoubt.birth_day),
    )
    return and_(
        Contact.folded_name == _FOLDED_DOUBT,
        Contact.birth_month.is_(None),
        ImportDoubt.day_uncertain.is_(False),
        ~namesakes,
        ~contradicted,
    )


def confirm_doubt(session: Session, doubt_id: int) -> None:
    """Write the birthday to the contact, and settle the entry's other candidates and days as refused.

    Undoing the import restores the former birthday. Raises RequestRefusedError if the doubt was answered
    already, or the contact has a different birthday by now.
    """
    doubt = _lock_open_doubt(session, doubt_id)
    contact = session.scalars(select(Contact).where(Contact.id == doubt.contact_id).with_for_update()).one()
    known = (contact.birth_month, contact.birth_day)
    by_hand = "birthday" in (contact.by_hand or {})
    if known not in {(None, None), (doubt.birth_month, doubt.birth_day)} and not (
        known == (2, 28) and (doubt.birth_month, doubt.birth_day) == (2, 29) and not by_hand
    ):
        raise RequestRefusedError(
            f"{contact.full_name} already has the birthday {known[0]:02}-{known[1]:02}: "
            f"refuse doubt {doubt_id}"
        )
    before = {column: getattr(contact, column) for column in _BIRTHDAY_COLUMNS}
    contact.birth_month, contact.birth_day = doubt.birth_month, doubt.birth_day
    contact.birth_year = contact.birth_year or doubt.birth_year
    changed = {column: value for column, value in before.items() if value != getattr(contact, column)}
    session.flush()
    if changed and contact.import_id != doubt.import_id:
        statement = insert(ImportChange).values(
            import_id=doubt.import_id, contact_id=contact.id, before=changed
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["import_id", "contact_id"],
                set_={"before": statement.excluded.before.op("||")(ImportChange.before)},
            )
        )
    session.execute(
        update(ImportDoubt)
        .where(
            ImportDoubt.settled_at.is_(None),
            ImportDoubt.import_id == doubt.import_id,
            ImportDoubt.line == doubt.line,
        )
        .values(is_theirs=case((ImportDoubt.id == doubt.id, True), else_=False), settled_at=func.now())
    )


def refuse_doubt(session: Session, doubt_id: int) -> None:
    """Record that this contact or day is not meant. The same birthday is never asked for this contact again.

    Raises RequestRefusedError if the doubt was answered already.
    """
    doubt = _lock_open_doubt(session, doubt_id)
    doubt.is_theirs, doubt.settled_at = False, func.now()
    session.flush()


def reopen_doubt(session: Session, doubt_id: int) -> int:
    """Take an answer back: the entry's doubts are open again, and so is the birthday that it wrote.

    Returns the contact's id. Raises RequestRefusedError if the doubt is open, or if the contact's birthday is
    another one by now.
    """
    doubt = session.scalars(
        select(ImportDoubt).where(ImportDoubt.id == doubt_id).with_for_update()
    ).one_or_none()
    if doubt is None:
        raise RequestRefusedError(f"there is no doubt {doubt_id}")
    if doubt.settled_at is None:
        raise RequestRefusedError(f"doubt {doubt_id} is already waiting for an answer")
    if doubt.is_theirs:
        _take_birthday_back(session, doubt)
    # Settled together means: by the answer that is taken back.
    session.execute(
        update(ImportDoubt)
        .where(
            ImportDoubt.import_id == doubt.import_id,
            ImportDoubt.line == doubt.line,
            ImportDoubt.settled_at == doubt.settled_at,
        )
        .values(is_theirs=None, settled_at=None)
        .execution_options(synchronize_session=False)
    )
    return doubt.contact_id


def _take_birthday_back(session: Session, doubt: ImportDoubt) -> None:
    contact = session.scalars(select(Contact).where(Contact.id == doubt.contact_id).with_for_update()).one()
    if (contact.birth_month, contact.birth_day) != (doubt.birth_month, doubt.birth_day):
        raise RequestRefusedError(f"{contact.full_name} now has a different birthday; nothing was changed")
    key = {"import_id": doubt.import_id, "contact_id": contact.id}
    change = session.get(ImportChange, key)
    before = change.before if change is not None else {}
    for column in _BIRTHDAY_COLUMNS:
        if column in before or contact.import_id == doubt.import_id:
            setattr(contact, column, before.get(column))
    if change is not None:
        left = {column: value for column, value in before.items() if column not in _BIRTHDAY_COLUMNS}
        if left:
            change.before = left
        else:
            session.delete(change)
    session.flush()


def _lock_open_doubt(session: Session, doubt_id: int) -> ImportDoubt:
    doubt = session.scalars(
        select(ImportDoubt).where(ImportDoubt.id == doubt_id).with_for_update()
    ).one_or_none()
    if doubt is None:
        raise RequestRefusedError(f"there is no doubt {doubt_id}; `rapport contacts doubts` shows them")
    if doubt.settled_at is not None:
        answer = "confirmed" if doubt.is_theirs else "refused"
        raise RequestRefusedError(f"doubt {doubt_id} was already {answer}")
    return doubt
