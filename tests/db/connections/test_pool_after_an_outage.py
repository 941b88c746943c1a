"""The gauges of a connection pool say what it holds, also after Postgres was away."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from db.engine import Database
from tests.proxy import Proxy
from worker.metrics.living import DB_CONNECTIONS, service_name


def connections() -> tuple[float, float]:
    """Return how many connections are in use and idle."""
    (family,) = DB_CONNECTIONS.collect()
    own = {
        each.labels["state"]: each.value
        for each in family.samples
        if each.labels["service"] == service_name()
    }
    return own.get("in_use", 0), own.get("idle", 0)


def test_connections_are_in_use_then_idle_then_gone_also_after_postgres_was_away(database_url: str) -> None:
    proxy = Proxy(database_url)
    in_use, idle = connections()
    database = Database(proxy.url, application_name="tests", connect_timeout_s=1)
    with database.transaction() as session:
        session.execute(text("select 1"))
        assert connections() == (in_use + 1, idle)
    assert connections() == (in_use, idle + 1)
    proxy.close()
    for _ in range(2):
        with pytest.raises(OperationalError), database.transaction() as session:
            session.execute(text("select 1"))
    assert connections() == (in_use, idle)
    database.close()
    assert connections() == (in_use, idle)
