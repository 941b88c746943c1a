"""What all tables share: types, names of constraints, and checks that list an enum."""

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
    """Return the SQL condition that `column` holds one of `values`; it lets null pass, as a CHECK does."""
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return f"{column} in ({listed})"


class Base(DeclarativeBase):
    """Every instant is a timestamptz; every text is unbounded text."""

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
