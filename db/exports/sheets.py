"""The exportable tables: their columns, and their rows as a stream.

Sessions and local file paths are not exported.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Text, case, cast, func, literal, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.tables import Account, Contact, Interaction

BATCH: Final = 5_000
"""Rows fetched and in memory at a time; also a row group of a Parquet file."""

_LONGER_IDLE_TIMEOUT: Final = text("set local idle_in_transaction_session_timeout = '10min'")
"""Writing a batch may take a loaded machine longer than the 20 s of db.engine; a read-only transaction blocks
nobody meanwhile."""


class ColumnType(StrEnum):
    """The type of a column's values. Instants are aware, in UTC; `JSON` is an object."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Heading:
    """The name and the type of a column."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Column(Heading):
    """A column with its SQL expression."""

    value: ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One exportable table. `typed_columns` are for typed formats, where a birthday is three numbers."""

    name: str
    table: type[Contact | Interaction]
    columns: tuple[Column, ...]
    typed_columns: tuple[Column, ...]


def _birthday_text() -> ColumnElement[Any]:
    """Return the birthday as 1980-03-05, or --03-05 without a year, as in vCard and ISO 8601:2000."""

    def digits(part: InstrumentedAttribute[int | None], count: int) -> ColumnElement[Any]:
        return func.lpad(cast(part, Text), count, "0")

    year = func.coalesce(digits(Contact.birth_year, 4), "-")
    whole = func.concat(year, "-", digits(Contact.birth_month, 2), "-", digits(Contact.birth_day, 2))
    return case((Contact.birth_month.is_(None), None), else_=whole)


_PERSON_COLUMNS: Final = (
    Column("account", ColumnType.TEXT, Account.name),
    Column("profile_url", ColumnType.TEXT, Contact.profile_url),
    Column("full_name", ColumnType.TEXT, Contact.full_name),
)
_BIRTHDAY_COLUMNS: Final = (Column("birthday", ColumnType.TEXT, _birthday_text()),)
_BIRTHDAY_PARTS: Final = (
    Column("birth_year", ColumnType.INTEGER, Contact.birth_year),
    Column("birth_month", ColumnType.INTEGER, Contact.birth_month),
    Column("birth_day", ColumnType.INTEGER, Contact.birth_day),
)
_DETAIL_COLUMNS: Final = (
    Column("language", ColumnType.TEXT, Contact.language),
    Column("company", ColumnType.TEXT, Contact.profile["company"].astext),
    Column("position", ColumnType.TEXT, Contact.profile["position"].astext),
    Column("connected_on", ColumnType.DATE, Contact.connected_on),
    Column("status", ColumnType.TEXT, Contact.status),
    Column("score", ColumnType.INTEGER, Contact.score),
    Column("do_not_contact", ColumnType.BOOLEAN, Contact.do_not_contact),
    Column("last_greeted_on", ColumnType.DATE, Contact.last_greeted_on),
    Column("replied_at", ColumnType.INSTANT, Contact.replied_at),
    Column("hold_until", ColumnType.DATE, Contact.hold_until),
    Column("hold_reason", ColumnType.TEXT, Contact.hold_reason),
    Column("away_until", ColumnType.DATE, Contact.away_until),
    Column("created_at", ColumnType.INSTANT, Contact.created_at),
    Column("details", ColumnType.JSON, Contact.profile),
    Column("member_url", ColumnType.TEXT, Contact.member_url),
)
_EMAIL_COLUMNS: Final = (Column("email", ColumnType.TEXT, Contact.email),)

CONTACTS: Final = Sheet(
    "contacts",
    Contact,
    (*_PERSON_COLUMNS, *_EMAIL_COLUMNS, *_BIRTHDAY_COLUMNS, *_DETAIL_COLUMNS),
    (*_PERSON_COLUMNS, *_EMAIL_COLUMNS, *_BIRTHDAY_PARTS, *_DETAIL_COLUMNS),
)

_INTERACTION_COLUMNS: Final = (
    *_PERSON_COLUMNS,
    Column("type", ColumnType.TEXT, Interaction.type),
    Column("status", ColumnType.TEXT, Interaction.status),
    Column("occasion", ColumnType.TEXT, Interaction.occasion),
    Column("message", ColumnType.TEXT, Interaction.message),
    Column("replied_at", ColumnType.INSTANT, Interaction.replied_at),
    Column("reply", ColumnType.TEXT, Interaction.reply),
    Column("automatic_at", ColumnType.INSTANT, Interaction.automatic_at),
    Column("created_at", ColumnType.INSTANT, Interaction.created_at),
    Column("correlation_id", ColumnType.TEXT, Interaction.correlation_id),
)

INTERACTIONS: Final = Sheet("interactions", Interaction, _INTERACTION_COLUMNS, _INTERACTION_COLUMNS)


def _filters(sheet: Sheet) -> Sequence[ColumnElement[bool]]:
    """Leave out erased contacts; their interactions are exported."""
    return [Contact.forgotten_at.is_(None)] if sheet.table is Contact else []


def count_rows(session: Session, sheet: Sheet, account_id: int | None) -> int:
    """Return the number of rows, of one account or of all with None."""
    statement = select(func.count()).select_from(sheet.table).where(*_filters(sheet))
    if account_id is not None:
        statement = statement.where(sheet.table.account_id == account_id)
    return session.scalars(statement).one()


def stream_rows(
    session: Session,
    sheet: Sheet,
    columns: Sequence[Column],
    account_id: int | None,
    *,
    batch: int = BATCH,
) -> Generator[Sequence[Row[Any]], None, None]:
    """Yield the rows in batches, oldest first, with their values in the order of `columns`.

    Uses a server-side cursor: one batch is in memory, the statement timeout applies to each fetch, and all
    rows are of one snapshot.
    """
    session.execute(_LONGER_IDLE_TIMEOUT)
    statement = _select_rows(sheet, columns, account_id).execution_options(yield_per=batch)
    with session.execute(statement) as rows:
        yield from rows.partitions()


def read_rows(
    session: Session,
    sheet: Sheet,
    columns: Sequence[Column],
    account_id: int | None,
    *,
    after: int,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return the next rows with an id above `after`, oldest first: the values of `columns`, then the id.

    For a reader that may be slow: no transaction is open while it takes the rows.
    """
    statement = _select_rows(sheet, columns, account_id).add_columns(sheet.table.id)
    return session.execute(statement.where(sheet.table.id > after).limit(limit)).all()


def _select_rows(sheet: Sheet, columns: Sequence[Column], account_id: int | None) -> Select[*tuple[Any, ...]]:
    statement = (
        select(*(column.value.label(column.name) for column in columns))
        .select_from(sheet.table)
        .join(Account, Account.id == sheet.table.account_id)
        .where(Account.removed_at.is_(None), *_filters(sheet))
        .order_by(sheet.table.id)
    )
    if sheet.table is Interaction:
        statement = statement.join(Contact, Contact.id == Interaction.contact_id)
    if account_id is not None:
        statement = statement.where(sheet.table.account_id == literal(account_id))
    return statement
