"""docs/database.md is made from the tables, and docs/query-plans.md has a plan of each query."""

import re
import runpy
from pathlib import Path

from db.tables import Base
from tests.db.plans.query_workload import WORKLOAD

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "database.md"
PLANS = ROOT / "docs" / "query-plans.md"


def test_the_page_says_what_the_tables_are_now() -> None:
    fill = runpy.run_path(str(ROOT / "docs" / "make_database_page.py"))["fill_tables"]
    assert PAGE.read_text() == fill(PAGE.read_text()), "run .venv/bin/python docs/make_database_page.py"


def test_every_table_says_what_it_is_for() -> None:
    page = PAGE.read_text()
    for name in Base.metadata.tables:
        about = page.partition(f"#### `{name}`\n\n")[2].partition("\n")[0]
        assert about.endswith("."), name


def test_every_index_says_which_query_it_serves_or_that_it_keeps_rows_unique() -> None:
    serves = dict(re.findall(r"^\| `((?:ix|uq)_\w+)` \| `.*` \| (.*)\|$", PAGE.read_text(), re.MULTILINE))
    indexes = {index.name for table in Base.metadata.tables.values() for index in table.indexes}
    assert indexes <= serves.keys()
    assert not [name for name, queries in serves.items() if not queries.strip()]


def test_every_query_has_its_plan_at_a_million_rows() -> None:
    there = re.findall(r"^## (.+)\n\nIndex: `(\w+)`\.$", PLANS.read_text(), re.MULTILINE)
    expected = [(name[0].upper() + name[1:], index) for name, (_, index, _) in WORKLOAD.items()]
    assert there == expected, "run .venv/bin/python docs/make_query_plans.py"
