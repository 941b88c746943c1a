"""Every column with personal data is classified, and listed in docs/privacy.md."""

import re
from pathlib import Path

from sqlalchemy import Date, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB

from db.store.privacy.personal_columns import DELETED, EMPTIED, KEPT, REDACTED
from db.tables import (
    Base,
)

DOCS = Path(__file__).parents[3] / "docs" / "privacy.md"


def personal() -> dict[str, set[str]]:
    return {
        table.__tablename__: set(columns)
        for mapping in (EMPTIED, DELETED, REDACTED)
        for table, columns in mapping.items()
    }


def test_every_column_that_can_hold_something_of_a_person_is_classified() -> None:
    """Add a new column of text, JSON, bytes or dates to a mapping in db.store.privacy.personal_columns."""
    telling = personal()
    for table in Base.metadata.sorted_tables:
        can_tell = {
            column.name
            for column in table.columns
            if isinstance(column.type, (Text, JSONB, LargeBinary, Date))
        }
        classified = telling.get(table.name, set()) | KEPT.get(table.name, frozenset())
        assert can_tell <= classified, f"{table.name}: {can_tell - classified} in none of the mappings"
        assert classified <= set(table.columns.keys()), table.name
        assert not telling.get(table.name, set()) & KEPT.get(table.name, frozenset()), table.name


def test_every_column_that_tells_who_it_is_is_on_its_page() -> None:
    rows = (line for line in DOCS.read_text().splitlines() if line.startswith("| `"))
    listed = [name for row in rows for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", row.split("|")[1])]
    assert sorted(listed) == sorted(
        f"{table}.{column}" for table, columns in personal().items() for column in columns
    )
