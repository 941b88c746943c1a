"""Statements that deserve to be read as SQL: one file each, whose first line says what it is for.

`{{name}}` in a file stands for the condition in `name`.sql, so that several statements share one.
"""

import re
from importlib.resources import files

from sqlalchemy import TextClause, text


def load_query(name: str) -> TextClause:
    """Return the statement of db/queries/`name`.sql, with its named parameters open."""
    return text(_read(name))


def _read(name: str) -> str:
    sql = files("db.queries").joinpath(f"{name}.sql").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda part: f"(\n{_read(part[1])}\n)", sql)
