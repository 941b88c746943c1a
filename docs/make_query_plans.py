"""Writes docs/query-plans.md: Postgres' plan, at a million rows, of each query that the tests watch.

`.venv/bin/python docs/make_query_plans.py` fills a Postgres of its own, which takes minutes and some 3 GB.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.orm import Session

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.servers.postgres import Postgres
from db.engine import Database
from tests.db.plans.fill import FILL, FILL_SMALL, ROWS
from tests.db.plans.query_workload import WORKLOAD

PAGE = Path(__file__).parent / "query-plans.md"
SIZE = 1_000_000
_OPTIONS = "analyze, costs off, timing off, summary off, buffers off"
_HEAD = """\
# Query plans

How Postgres {version} answers the queries of `tests/db/plans` over {size:,} contacts, actions and
interactions of 100 accounts, and some thousands of rows in each of the other tables:
`.venv/bin/python docs/make_query_plans.py` writes this page. Tests hold the same plans at {tested:,}
contacts. *Rows* are those that a step returned. Times are left out, because they are those of one machine.
"""


def explain(database: Database, work: Callable[[Session], object]) -> Iterator[str]:
    """Yield the plan of each statement that `work` sends, run and rolled back."""
    plans: list[str] = []

    # SQLAlchemy types its events loosely.
    def ask(_c: Any, cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:  # noqa: ANN401
        with cursor.connection.cursor() as other:
            other.execute("savepoint before_explain")
            other.execute(f"explain ({_OPTIONS}) {statement}", parameters)
            plans.append("\n".join(row[0] for row in other.fetchall()))
            other.execute("rollback to before_explain")

    event.listen(database.engine, "before_cursor_execute", ask)
    try:
        with database.transaction() as session:
            work(session)
            session.rollback()
    finally:
        event.remove(database.engine, "before_cursor_execute", ask)
    yield from plans


def main() -> None:
    """Fill, ask and write."""
    with tempfile.TemporaryDirectory(prefix="rapport-plans-") as folder:
        postgres = Postgres(Path(folder), durable=False)
        with postgres:
            migrate_and_seed(postgres.url)
            with psycopg.connect(postgres.url, autocommit=True) as own:
                own.execute(FILL.replace(f"{ROWS}", f"{SIZE}"))
                own.execute(FILL_SMALL)
                version = own.info.parameter_status("server_version")
            database = Database(postgres.url, application_name="plans")
            parts = [_HEAD.format(version=version, size=SIZE, tested=ROWS)]
            for name, (_, index, work) in WORKLOAD.items():
                plans = "\n\n".join(explain(database, work))
                parts.append(f"## {name[0].upper()}{name[1:]}\n\nIndex: `{index}`.\n\n```\n{plans}\n```\n")
            database.close()
        postgres.remove_data()
    PAGE.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
