"""The titles of columns in many languages and programs, from columns.toml."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final


def _load() -> Mapping[str, tuple[str, ...]]:
    by_field = tomllib.loads(files("db.imports.tables").joinpath("columns.toml").read_text("utf-8"))
    return {
        field: tuple(title for titles in by_language.values() for title in titles)
        for field, by_language in by_field.items()
    }


COLUMNS: Final = _load()
"""The titles of each field's columns: lower case, without a number, English first."""
