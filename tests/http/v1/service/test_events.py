"""The feed of events as pages of JSON: typed, filtered, and resumed at a position."""

import ast
from itertools import count
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy import text

import db
from api_stub.http.v1.models import events as models
from db.engine import Database
from db.store.notices.outbox import record_event
from tests.builders import an_account
from tests.http.conftest import TestClient
from worker.rules.notices.kinds import CHOOSABLE, NoticeKind

_keys = count()


def happen(database: Database, kind: NoticeKind = NoticeKind.SITE_CHANGED, **given: Any) -> None:
    with database.transaction() as session:
        record_event(session, kind, key=f"event {next(_keys)}", **given)


def forget(database: Database) -> None:
    """Delete what has happened so far, as upkeep does after 30 days."""
    with database.transaction() as session:
        session.execute(text("update event_feed set deleted_to = last_position"))
        session.execute(text("delete from outbox_events"))


def positions(page: dict[str, Any]) -> list[int]:
    return [item["position"] for item in page["items"]]


MODELS = {
    get_args(each.model_fields["type"].annotation)[0]: each for each in get_args(get_args(models.Event)[0])
}


@pytest.mark.parametrize("kind", CHOOSABLE)
def test_an_event_is_shown_as_its_example_says(v1: TestClient, database: Database, kind: NoticeKind) -> None:
    example = MODELS[kind].model_json_schema()["examples"][0]
    happen(database, kind, payload=example["data"])
    (item,) = v1.get("/v1/events").json()["items"]
    assert {name: item["data"][name] for name in example["data"]} == example["data"]
    assert set(item) == set(example)


def test_all_that_is_written_about_an_event_is_in_its_model() -> None:
    source = Path(db.__file__).parent.parent
    known = {"account"}  # it is beside the data
    for model in MODELS.values():
        known |= set(model.model_fields["data"].annotation.model_fields)
    calls = [
        node
        for path in [*source.glob("db/**/*.py"), *source.glob("tasks/**/*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"record_event", "record_account_event"}
    ]
    payloads = [word.value for call in calls for word in call.keywords if word.arg == "payload"]
    written = {
        key.value
        for payload in payloads
        if isinstance(payload, ast.Dict)
        for key in payload.keys
        if isinstance(key, ast.Constant)
    }
    assert len(calls) > 10
    assert written <= known


def test_a_value_of_another_version_is_null_and_hides_no_other_event(
    v1: TestClient, database: Database
) -> None:
    happen(database, NoticeKind.APPROVAL_WAITING, payload={"campaign": "no id", "count": 3, "later": True})
    happen(database)
    first, _ = v1.get("/v1/events").json()["items"]
    assert first["data"] == {"campaign": None, "count": 3, "reason": None}


def test_pages_follow_each_other_and_the_position_continues_them(v1: TestClient, database: Database) -> None:
    for _ in range(3):
        happen(database)
    first = v1.get("/v1/events", params={"limit": 2}).json()
    second = v1.get("/v1/events", params={"limit": 2, "cursor": first["next"]}).json()
    assert (positions(first), positions(second), second["next"]) == ([1, 2], [3], None)
    happen(database)
    later = v1.get("/v1/events", params={"after": second["position"]}).json()
    assert positions(later) == [4]
    for address in ({"after": 1}, {"cursor": first["next"], "limit": 2}):
        resumed = v1.get("/v1/events", params=address, headers={"Last-Event-ID": "3"}).json()
        assert positions(resumed) == [4]


def test_filters_leave_events_out_and_the_position_passes_them(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        mine, other = an_account(session, name="mine"), an_account(session, name="other")
    happen(database, NoticeKind.NEEDS_REVIEW, account_id=mine.id)
    happen(database, NoticeKind.NEEDS_REVIEW, account_id=other.id)
    happen(database, NoticeKind.UPKEEP_LATE)
    with database.transaction() as session:
        session.execute(text("update outbox_events set at = '2026-01-01T00:00:00Z' where position = 1"))
    for given, expected in (
        ({"account": "mine"}, [1, 3]),
        ({"type": ["upkeep_late", "site_changed"]}, [3]),
        ({"since": "2026-01-02T00:00:00Z"}, [2, 3]),
        ({"type": "site_changed"}, []),
    ):
        page = v1.get("/v1/events", params=given).json()
        assert (positions(page), page["position"]) == (expected, 3), given


def test_a_reader_behind_what_is_kept_is_told_so(v1: TestClient, database: Database) -> None:
    for _ in range(2):
        happen(database)
    forget(database)
    happen(database)
    for accept in ("application/json", "text/event-stream"):
        for after in (1, 4):  # deleted; never reached
            answer = v1.get("/v1/events", params={"after": after}, headers={"Accept": accept})
            assert answer.status_code == 410
            assert answer.json()["type"] == "/problems/events-missing"
    assert positions(v1.get("/v1/events", params={"after": 2}).json()) == [3]
    assert positions(v1.get("/v1/events").json()) == [3]


@pytest.mark.parametrize(
    ("given", "headers", "status"),
    [
        ({"after": "-1"}, {}, 422),
        ({"after": str(2**63)}, {}, 422),
        ({"type": "test"}, {}, 422),
        ({"type": "nothing"}, {}, 422),
        ({"account": "nobody"}, {}, 404),
        ({"account": "nobody"}, {"Accept": "text/event-stream"}, 404),
        ({}, {"Last-Event-ID": "x"}, 422),
        ({}, {"Last-Event-ID": "x", "Accept": "text/event-stream"}, 422),
        ({}, {"X-API-Key": "wrong"}, 401),
    ],
)
def test_what_it_does_not_answer(
    v1: TestClient, given: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = v1.get("/v1/events", params=given, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
