"""The default greeting templates, in English, German, French and Spanish."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from db.store.campaigns import templates
from db.store.campaigns.templates import DefaultTemplate


def _read_defaults(path: Path) -> Sequence[DefaultTemplate]:
    languages = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        DefaultTemplate(f"{language}.{when}.{name}", language, when == "late", body)
        for language, parts in languages.items()
        for when, bodies in parts.items()
        for name, body in bodies.items()
    )


GREETINGS = _read_defaults(Path(__file__).with_name("defaults.toml"))


def seed_templates(session: Session) -> None:
    """Update the default templates to this version's. Users' weights and disabled states stay."""
    templates.save_default_templates(session, GREETINGS)
