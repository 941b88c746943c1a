"""SQL statements, one file each. The first line of a file says what it does."""

from importlib.resources import files

from sqlalchemy import TextClause, text


def load_query(name: str) -> TextClause:
    """Return the statement in db/queries/`name`.sql, with unbound named parameters."""
    return text(files("db.queries").joinpath(f"{name}.sql").read_text("utf-8"))
