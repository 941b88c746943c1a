"""The declarative base: column types, constraint names, and checks of enums."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase

from worker.rules.texts.bounds import cut_text


def one_of(column: str, values: Iterable[StrEnum]) -> str:
    """Return the SQL condition that `column` has one of `values`. In a CHECK, null passes."""
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return f"{column} in ({listed})"


def at_most(most: int, *columns: str) -> list[CheckConstraint]:
    """Return for each column the check that its text has at most `most` characters."""
    return [CheckConstraint(f"length({column}) <= {most}", f"short_{column}") for column in columns]


class CutText(TypeDecorator[str]):
    """A text that a page or an error says. A longer one is cut when it is written."""

    impl = Text
    cache_ok = True

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as it is written."""
        return value if value is None else cut_text(value, self.most)


class Base(DeclarativeBase):
    """Base of all tables: a datetime is a timestamptz, a str is text, an int is bigint."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text(), int: BigInteger()}  # noqa: RUF012 -- SQLAlchemy's own interface
