"""docs/database.md is made from the tables."""

import runpy
from pathlib import Path

from db.tables import Base

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "database.md"


def test_the_page_says_what_the_tables_are_now() -> None:
    fill = runpy.run_path(str(ROOT / "docs" / "make_database_page.py"))["fill_tables"]
    assert PAGE.read_text() == fill(PAGE.read_text()), "run .venv/bin/python docs/make_database_page.py"


def test_every_table_says_what_it_is_for() -> None:
    page = PAGE.read_text()
    for name in Base.metadata.tables:
        about = page.partition(f"#### `{name}`\n\n")[2].partition("\n")[0]
        assert about.endswith("."), name
