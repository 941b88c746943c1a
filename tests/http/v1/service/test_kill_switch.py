"""The kill switch below /v1: a key that may control pulls it, whatever hangs."""

import pytest

from api_stub.http.access import guard
from db.engine import Database
from db.store import audit
from db.store.kill_switch import get_kill_switch
from tests.http.conftest import Front, TestClient
from tests.http.front_door.test_front_door import NOWHERE, problem
from tests.http.v1.conftest import ClientAs

PATH = "/v1/kill-switch"


def test_it_is_pulled_and_released_under_the_key_s_name(
    v1: TestClient, v1_as: ClientAs, database: Database
) -> None:
    reader, control = v1_as("read"), v1_as("control")
    assert reader.put(PATH).status_code == reader.delete(PATH).status_code == 403
    assert reader.get(PATH).json() == {"on": False, "pulled_at": None, "pulled_by": None}
    first = control.put(PATH).json()
    assert (first["on"], first["pulled_by"]) == (True, "control-key")
    assert v1.put(PATH).json() == first  # of two pulls the first is shown
    assert control.delete(PATH).json()["on"] is False
    with database.transaction() as session:
        assert get_kill_switch(session) is None
        told = [(each.by, each.change) for each in audit.list_changes(session)]
    assert told == [
        ("control-key", "kill_switch.release"),
        ("api", "kill_switch.pull"),
        ("control-key", "kill_switch.pull"),
    ]


def test_it_waits_for_no_slot(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_CONCURRENT_REQUESTS", 0)
    monkeypatch.setattr(guard, "SLOT_TIMEOUT_S", 0.01)
    crowded = front()
    assert crowded.get("/v1/accounts").status_code == 503
    assert crowded.put(PATH).json()["on"] is True


def test_without_postgres_it_says_what_stops_everything_all_the_same(front: Front) -> None:
    away = front(database_url=f"postgresql://u:p@{NOWHERE}/x")
    assert "stop the browser workers" in problem(away.put(PATH), 503)
    assert "released" in problem(away.delete(PATH), 503)
    assert "can't be read" in problem(away.get(PATH), 503)
