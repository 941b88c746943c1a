"""A statement that goes straight to the driver returns, raises and is traced as one of SQLAlchemy."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from psycopg.errors import UndefinedTable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from db.engine import Database, fetch_first
from tests.collector import run_collector
from tests.proxy import Proxy
from worker.settings import Settings
from worker.tracing import spans

ASKED: dict[str, Any] = {"site": "linkedin", "addresses": ["https://a.example/in/secret"], "besides": None}


def test_the_first_row_has_its_columns_by_name_and_none_is_none(database: Database) -> None:
    with database.transaction() as session:
        assert fetch_first(session, "was_written_to", ASKED).max is None
        assert fetch_first(session, "lock_account", {"account_id": 0}) is None


def test_an_error_is_sqlalchemys_without_the_values(database: Database) -> None:
    def ask_where_no_table_is() -> None:
        with database.transaction() as session:
            session.execute(text("set local search_path = pg_catalog"))
            fetch_first(session, "was_written_to", ASKED)

    with pytest.raises(ProgrammingError) as raised:
        ask_where_no_table_is()
    assert isinstance(raised.value.orig, UndefinedTable)
    assert "secret" not in str(raised.value)
    with database.transaction() as session:
        assert fetch_first(session, "was_written_to", ASKED) is not None


def test_a_connection_that_breaks_meanwhile_is_not_used_again(database_url: str) -> None:
    proxy = Proxy(database_url)
    database = Database(proxy.url, application_name="tests", connect_timeout_s=1)

    def ask_across_the_end() -> None:
        with database.transaction() as session:
            fetch_first(session, "was_written_to", ASKED)
            proxy.close()
            fetch_first(session, "was_written_to", ASKED)

    with pytest.raises(OperationalError) as raised:
        ask_across_the_end()
    database.close()
    assert raised.value.connection_invalidated


def test_a_traced_process_has_a_span_of_it(database_url: str) -> None:
    with run_collector() as collector:
        settings = SimpleNamespace(traces=True, otlp_endpoint=collector.address)
        spans.start(cast("Settings", settings), "test")
        database = Database(database_url, application_name="traced")
        with spans.story("perform", "crm-42"), database.transaction() as session:
            assert fetch_first(session, "lock_account", {"account_id": 0}) is None
        spans.stop()
        database.close()
        found = collector.spans()
    assert [span.name for span in found] == ["SELECT accounts", "perform"]
