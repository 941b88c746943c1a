"""Statements that deserve to be read as SQL: one file each, its first line says what it is for."""

from importlib.resources import files

from sqlalchemy import TextClause, text


def load_query(name: str) -> TextClause:
    """Return the statement of db/queries/`name`.sql, with its named parameters open."""
    return text(files("db.queries").joinpath(f"{name}.sql").read_text("utf-8"))
