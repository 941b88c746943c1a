"""SQL statements, one file each. The first line of a file says what it does.

`{{name}}` in a file stands for the condition in `name`.sql: several statements share it.
"""

import re
from importlib.resources import files

from sqlalchemy import TextClause, text


def load_query(name: str) -> TextClause:
    """Return the statement in db/queries/`name`.sql, with unbound named parameters."""
    return text(_read(name))


def _read(name: str) -> str:
    sql = files("db.queries").joinpath(f"{name}.sql").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda part: f"(\n{_read(part[1])}\n)", sql)
