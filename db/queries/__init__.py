"""SQL statements, one file each. The first line of a file says what it does.

`{{name}}` in a file stands for the condition or subquery in `name`.sql: several statements share it.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_DIALECT: Final = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # untyped there


@cache
def load_query(name: str) -> TextClause:
    """Return the statement in db/queries/`name`.sql, with unbound named parameters."""
    return text(_read(name))


@cache
def load_driver_query(name: str) -> str:
    """Return the statement as psycopg takes it, without SQLAlchemy."""
    return str(load_query(name).compile(dialect=_DIALECT))


def _read(name: str) -> str:
    sql = files("db.queries").joinpath(f"{name}.sql").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda part: f"(\n{_read(part[1])}\n)", sql)
