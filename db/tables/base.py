"""The declarative base: column types, constraint names, and checks of enums."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    DateTime,
    MetaData,
    Text,
)
from sqlalchemy.orm import DeclarativeBase


def one_of(column: str, values: Iterable[StrEnum]) -> str:
    """Return the SQL condition that `column` has one of `values`. In a CHECK, null passes."""
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return f"{column} in ({listed})"


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
