"""Postgres uses each index for the query that it was made for, with 100 000 rows.

The statements are those that the store sends, and no setting influences the planner.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import dispatch
from tests.db.plans.big_tables import ranked_after
from tests.db.plans.fill import FILL, FILL_SMALL
from tests.db.plans.query_workload import WORKLOAD
from tests.servers import Servers


@pytest.fixture(scope="module")
def full(servers: Servers) -> Iterator[Database]:
    name = f"test_{uuid4().hex}"
    servers.copy_template(name)
    url = servers.database_url_of(name)
    with psycopg.connect(url, autocommit=True) as own:
        own.execute(FILL)
        own.execute(FILL_SMALL)
    database = Database(url, application_name="plans")
    yield database
    database.close()
    servers.drop_database(name)


def plans(database: Database, work: Callable[[Session], object]) -> list[dict[str, Any]]:
    """Return Postgres' plan of each statement that `work` sends, as it finds the tables at that moment."""
    found: list[dict[str, Any]] = []

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
        with cursor.connection.cursor() as other:
            other.execute(f"explain (format json) {statement}", parameters)
            found.append(other.fetchone()[0][0]["Plan"])

    event.listen(database.engine, "before_cursor_execute", explain)
    try:
        with database.transaction() as session:
            work(session)
            session.rollback()
    finally:
        event.remove(database.engine, "before_cursor_execute", explain)
    assert found
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


BIG = {"contacts", "actions", "interactions", "hits", "profiles"}


@pytest.mark.parametrize("name", WORKLOAD)
def test_the_query_uses_its_index_and_reads_no_big_table_whole(full: Database, name: str) -> None:
    table, index, work = WORKLOAD[name]
    found = [node for plan in plans(full, work) for node in nodes(plan)]
    assert index in {node.get("Index Name") for node in found}, f"{table}: {found}"
    read_whole = {
        node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan" and "Relation Name" in node
    }
    assert not read_whole & BIG


def test_a_ranking_is_read_in_the_order_of_its_index(full: Database) -> None:
    for plan in plans(full, lambda s: ranked_after(s, 50)):
        assert "Sort" not in {node["Node Type"] for node in nodes(plan)}


def test_dispatch_as_a_whole_reads_no_actions_but_those_it_needs(full: Database) -> None:
    for plan in plans(full, lambda s: dispatch.queue_due_actions(s, batch=50, lease=timedelta(minutes=3))):
        for node in nodes(plan):
            assert not (node["Node Type"] == "Seq Scan" and node.get("Relation Name") in BIG)


def test_every_index_of_the_big_tables_has_a_query(full: Database) -> None:
    with full.transaction() as session:
        there = set(
            session.scalars(
                text("select indexname from pg_indexes where tablename = any(:big)"), {"big": sorted(BIG)}
            )
        )
    unique_only = {
        "uq_actions_account_id_contact_id_kind_occasion",
        "uq_interactions_action_id",
        "uq_interactions_account_id_source_key",
    }
    assert there - unique_only == {index for table, index, _ in WORKLOAD.values() if table in BIG}
