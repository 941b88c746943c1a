"""The pool counts its connections, and how long each was waited for."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db.engine import Database
from worker import metrics
from worker.metrics.living import DB_CONNECTIONS


def connections() -> tuple[float, float]:
    in_use, idle = (DB_CONNECTIONS.labels("command", state)._value.get() for state in ("in_use", "idle"))
    return in_use, idle


def test_connections_in_use_and_idle_are_counted_also_after_one_broke(database_url: str) -> None:
    begin = connections()

    def grown() -> tuple[float, float]:
        return connections()[0] - begin[0], connections()[1] - begin[1]

    own = Database(database_url, application_name="tests")
    with own.transaction() as session:
        session.execute(text("select 1"))
        assert grown() == (1, 0)
        with own.transaction() as other:
            other.execute(text("select 1"))
            assert grown() == (2, 0)
    assert grown() == (0, 2)
    with own.engine.connect() as connection:
        connection.invalidate()
    assert grown() == (0, 1)
    own.close()
    assert grown() == (0, 0)


def test_a_wait_for_a_connection_is_observed_also_if_none_comes(database_url: str) -> None:
    own = Database(database_url, application_name="tests", pool_timeout_s=0.01)
    waited = metrics.DB_WAIT.labels("command")
    taken = [own.engine.connect() for _ in range(15)]  # the pool's 5 and 10 that it may overflow by
    before = waited._sum.get()
    with pytest.raises(PoolTimeoutError):
        own.engine.connect()
    assert waited._sum.get() - before > 0.01
    for connection in taken:
        connection.close()
    own.close()
