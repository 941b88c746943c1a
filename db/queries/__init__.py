"""SQL statements, one file each. The first line of a file says what it does.

`{{name}}` in a file stands for the condition or subquery in `name`.sql: several statements share it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_DIALECT: Final = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # untyped there


@dataclass(frozen=True, slots=True)
class DriverQuery:
    """A statement as psycopg's raw cursor takes it: `$1` in its text is the first of the named values."""

    text: bytes
    names: tuple[str, ...]

    def list_values(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of their numbers. Raises KeyError if one is missing."""
        return [values[name] for name in self.names]


@cache
def load_query(name: str) -> TextClause:
    """Return the statement in db/queries/`name`.sql, with unbound named parameters."""
    return text(_read(name))


@cache
def load_driver_query(name: str) -> DriverQuery:
    """Return the statement as psycopg takes it, without SQLAlchemy.

    With numbers instead of names, because psycopg looks for names anew in each long statement.
    """
    compiled = load_query(name).compile(dialect=_DIALECT)
    return DriverQuery(str(compiled).encode(), tuple(compiled.positiontup or ()))


def _read(name: str) -> str:
    sql = files("db.queries").joinpath(f"{name}.sql").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda part: f"(\n{_read(part[1])}\n)", sql)
