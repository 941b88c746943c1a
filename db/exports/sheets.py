"""What can be exported: its columns, and its rows as a stream.

Nothing that signs an account in is among them, and no path of a machine.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Text, case, cast, func, literal, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.tables import Account, Contact, Interaction

BATCH: Final = 5_000
"""Rows fetched, and kept in memory, at a time; also a row group of a Parquet file."""

_IDLE_FOR_LONGER: Final = text("set local idle_in_transaction_session_timeout = '10min'")
"""Between two fetches a loaded machine may take more than the 20 s of db.engine to write; a transaction that
only reads keeps nobody waiting meanwhile."""


class Type(StrEnum):
    """What a column holds. Instants are aware and in UTC; `JSON` is an object."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a column is called, which is also its field's name, and what it holds."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Column(Heading):
    """One column of a table in Postgres."""

    value: ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of row. `typed_columns` are for formats that know types, where a birthday is three numbers."""

    name: str
    table: type[Contact | Interaction]
    columns: tuple[Column, ...]
    typed_columns: tuple[Column, ...]


def _birthday() -> ColumnElement[Any]:
    """Write 1980-03-05, or --03-05 where the year isn't known, as vCard and ISO 8601:2000 do."""

    def digits(part: InstrumentedAttribute[int | None], count: int) -> ColumnElement[Any]:
        return func.lpad(cast(part, Text), count, "0")

    year = func.coalesce(digits(Contact.birth_year, 4), "-")
    whole = func.concat(year, "-", digits(Contact.birth_month, 2), "-", digits(Contact.birth_day, 2))
    return case((Contact.birth_month.is_(None), None), else_=whole)


_WHO: Final = (
    Column("account", Type.TEXT, Account.name),
    Column("profile_url", Type.TEXT, Contact.profile_url),
    Column("full_name", Type.TEXT, Contact.full_name),
)
_BORN: Final = (Column("birthday", Type.TEXT, _birthday()),)
_BORN_TYPED: Final = (
    Column("birth_year", Type.INTEGER, Contact.birth_year),
    Column("birth_month", Type.INTEGER, Contact.birth_month),
    Column("birth_day", Type.INTEGER, Contact.birth_day),
)
_KNOWN: Final = (
    Column("language", Type.TEXT, Contact.language),
    Column("company", Type.TEXT, Contact.profile["company"].astext),
    Column("position", Type.TEXT, Contact.profile["position"].astext),
    Column("connected_on", Type.DATE, Contact.connected_on),
    Column("status", Type.TEXT, Contact.status),
    Column("score", Type.INTEGER, Contact.score),
    Column("do_not_contact", Type.BOOLEAN, Contact.do_not_contact),
    Column("last_greeted_on", Type.DATE, Contact.last_greeted_on),
    Column("replied_at", Type.INSTANT, Contact.replied_at),
    Column("created_at", Type.INSTANT, Contact.created_at),
    Column("details", Type.JSON, Contact.profile),
)
_EMAIL: Final = (Column("email", Type.TEXT, Contact.email),)

CONTACTS: Final = Sheet(
    "contacts", Contact, (*_WHO, *_EMAIL, *_BORN, *_KNOWN), (*_WHO, *_EMAIL, *_BORN_TYPED, *_KNOWN)
)

_HAPPENED: Final = (
    *_WHO,
    Column("type", Type.TEXT, Interaction.type),
    Column("status", Type.TEXT, Interaction.status),
    Column("occasion", Type.TEXT, Interaction.occasion),
    Column("message", Type.TEXT, Interaction.message),
    Column("replied_at", Type.INSTANT, Interaction.replied_at),
    Column("reply", Type.TEXT, Interaction.reply),
    Column("created_at", Type.INSTANT, Interaction.created_at),
    Column("correlation_id", Type.TEXT, Interaction.correlation_id),
)

INTERACTIONS: Final = Sheet("interactions", Interaction, _HAPPENED, _HAPPENED)


def _left_out(sheet: Sheet) -> Sequence[ColumnElement[bool]]:
    """Leave out whom a person asked to forget: there is nothing to tell. What was done to them stays."""
    return [Contact.forgotten_at.is_(None)] if sheet.table is Contact else []


def count(session: Session, sheet: Sheet, account_id: int | None) -> int:
    """Return how many rows there are, of one account or of all."""
    statement = select(func.count()).select_from(sheet.table).where(*_left_out(sheet))
    if account_id is not None:
        statement = statement.where(sheet.table.account_id == account_id)
    return session.scalars(statement).one()


def stream(
    session: Session,
    sheet: Sheet,
    columns: Sequence[Column],
    account_id: int | None,
    *,
    batch: int = BATCH,
) -> Generator[Sequence[Row[Any]], None, None]:
    """Give the rows in batches, the oldest first, each with its values in the order of `columns`.

    From a cursor on the server: no more than a batch is in memory, Postgres' time limit is for each fetch,
    and one transaction's snapshot holds for all of them.
    """
    session.execute(_IDLE_FOR_LONGER)
    statement = (
        select(*(column.value.label(column.name) for column in columns))
        .select_from(sheet.table)
        .join(Account, Account.id == sheet.table.account_id)
        .where(*_left_out(sheet))
        .order_by(sheet.table.id)
        .execution_options(yield_per=batch)
    )
    if sheet.table is Interaction:
        statement = statement.join(Contact, Contact.id == Interaction.contact_id)
    if account_id is not None:
        statement = statement.where(sheet.table.account_id == literal(account_id))
    with session.execute(statement) as rows:
        yield from rows.partitions()
