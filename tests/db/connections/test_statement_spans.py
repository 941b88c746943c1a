"""Statements are spans that show neither their text nor their parameters, also if they fail."""

from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from db.engine import Database
from tests.collector import run_collector
from worker.settings import Settings
from worker.tracing import spans


def test_a_statement_is_a_span_below_the_current_one(database_url: str) -> None:
    with run_collector() as collector:
        settings = SimpleNamespace(traces=True, otlp_endpoint=collector.address)
        spans.start(cast("Settings", settings), "test")
        database = Database(database_url, application_name="traced")
        with database.transaction() as session:
            session.execute(text("select 'outside any story'"))
        with spans.story("perform", "crm-42"), database.transaction() as session:
            session.execute(text("select :name from contacts"), {"name": "Ann"})
            with pytest.raises(ProgrammingError):
                session.execute(text("select ann from contacts"))
            session.rollback()
        spans.stop()
        database.close()
        found = collector.spans()
    assert [(span.name, span.attributes.get("error.type")) for span in found] == [
        ("SELECT contacts", None),
        ("SELECT contacts", "UndefinedColumn"),
        ("perform", None),
    ]
    assert not any("ann" in shown.lower() for span in found for shown in span.texts)
