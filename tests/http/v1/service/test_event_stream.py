"""The stream of events: it has what is kept, then what happens, and resumes where it was left."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import uvicorn
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api_stub.console import live
from api_stub.http.limits.connection_limits import RESPONSE_TIMEOUT_S, connection_settings
from api_stub.http.named_keys import directory
from api_stub.http.v1.service import event_stream, events
from api_stub.stack.servers.ports import find_free_port
from db.engine import Database
from db.store import api_keys
from db.store.notices import feed
from db.store.notices.feed import FeedPage, read_last_position
from tests.cluster import wait_for
from tests.http.conftest import KEY, TestClient
from tests.http.v1.service.test_events import happen
from worker.rules.access import KeyScope
from worker.rules.notices.kinds import NoticeKind


@dataclass(frozen=True)
class Event:
    id: int
    type: str
    data: dict[str, Any]


class Reader:
    """A client of the stream, which reads as the standard says."""

    def __init__(self, port: int, given: dict[str, Any], headers: dict[str, str]) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=20)
        sent = {"X-API-Key": KEY, "Accept": "text/event-stream", **headers}
        self.connection.request("GET", f"/v1/events?{urlencode(given)}", headers=sent)
        self.response: HTTPResponse = self.connection.getresponse()
        self.last_id: str | None = None

    def read_event(self) -> Event | None:
        """Return the next event; None at the end of the stream. Fails after the connection's timeout."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
                continue
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                return Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}
        return None

    def close(self) -> None:
        self.response.close()
        self.connection.close()


Open = Callable[..., Reader]


@pytest.fixture
def server(v1: TestClient) -> Iterator[tuple[uvicorn.Server, int, threading.Thread]]:
    """The application behind a real server; it is started once for all, so this one has no lifespan."""
    config = uvicorn.Config(
        v1.app, port=(port := find_free_port()), log_config=None, lifespan="off", **connection_settings()
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for("the server", lambda: server.started)
    yield server, port, thread
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def open_stream(v1: TestClient, server: tuple[uvicorn.Server, int, threading.Thread]) -> Iterator[Open]:
    state = v1.app.state  # type: ignore[attr-defined]  # of the application
    before, state.feed_live = state.feed_live, live.Live(state.settings, read_last_position)
    with ExitStack() as opened:

        def open_one(headers: dict[str, str] | None = None, **given: Any) -> Reader:
            reader = Reader(server[1], given, headers or {})
            opened.callback(reader.close)
            return reader

        yield open_one
    state.feed_live = before


def test_a_stream_has_what_is_kept_and_then_what_happens_and_resumes_by_id(
    open_stream: Open, database: Database
) -> None:
    happen(database)
    reader = open_stream()
    assert reader.response.getheader("Content-Type") == "text/event-stream; charset=utf-8"
    first = reader.read_event()
    happen(database, NoticeKind.UPKEEP_LATE, payload={"job": "retention"})
    second = reader.read_event()
    assert first
    assert second
    assert (first.id, second.id, second.type) == (1, 2, "upkeep_late")
    assert second.data["data"]["job"] == "retention"
    reader.close()
    happen(database)
    resumed = open_stream({"Last-Event-ID": str(second.id)}, after=0).read_event()
    assert resumed
    assert resumed.id == 3


def test_a_stream_goes_on_after_postgres_was_away(
    open_stream: Open, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.5)
    away, failed = threading.Event(), threading.Event()

    def read_feed(*given: Any, **wanted: Any) -> FeedPage:
        if away.is_set():
            failed.set()
            raise OperationalError("select", {}, Exception())
        return feed.read_feed(*given, **wanted)

    monkeypatch.setattr(events, "read_feed", read_feed)
    happen(database)
    reader = open_stream()
    assert reader.read_event()
    away.set()
    assert failed.wait(60)
    with database.transaction() as session:
        ended = session.scalar(
            text(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                "where application_name = 'rapport console' and datname = current_database()"
            )
        )
    assert ended
    away.clear()
    happen(database)
    event = reader.read_event()
    assert event
    assert event.id == 2


def test_a_stream_ends_when_its_key_is_revoked(
    open_stream: Open, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "FRESH_FOR", timedelta(0))
    monkeypatch.setattr(directory, "UNKNOWN_READ_AFTER", timedelta(0))
    with database.transaction() as session:
        issued = api_keys.add_key(
            session, "crm", [KeyScope.READ], lifetime=None, per_minute=600, burst=10, by="ops"
        )
    happen(database)
    reader = open_stream({"X-API-Key": issued.key.get_secret_value()})
    assert reader.read_event()
    with database.transaction() as session:
        api_keys.revoke_key(session, "crm", by="ops")
    happen(database)
    assert reader.read_event() is None


def test_the_last_id_passes_what_a_filter_leaves_out(
    open_stream: Open, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(event_stream, "STREAM_S", 0.3)
    happen(database)
    reader = open_stream(type="upkeep_late")
    assert reader.read_event() is None
    assert reader.last_id == "1"


def test_a_stream_ends_before_the_server_would_close_it() -> None:
    assert live.STREAM_S + live.HEARTBEAT_S < RESPONSE_TIMEOUT_S


def test_a_key_has_so_many_streams_and_the_process_too(
    open_stream: Open, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(database)
    monkeypatch.setattr(live, "MOST_OF_ONE", 1)
    reader = open_stream()
    assert reader.read_event()
    refused = open_stream().response
    assert (refused.status, refused.getheader("Retry-After")) == (429, "30")
    assert json.loads(refused.read())["type"] == "/problems/too-many-requests"
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    monkeypatch.setattr(live, "MOST_OF_ONE", 2)
    refused = open_stream().response
    assert (refused.status, refused.getheader("Retry-After")) == (503, "30")
    reader.close()
    wait_for("room for a stream", lambda: open_stream().response.status == 200)


def test_a_stopping_server_ends_its_streams_whole(
    open_stream: Open, server: tuple[uvicorn.Server, int, threading.Thread], database: Database
) -> None:
    running, port, thread = server
    happen(database)
    headers = {"X-API-Key": KEY, "Accept": "text/event-stream"}
    with httpx.stream("GET", f"http://127.0.0.1:{port}/v1/events", headers=headers, timeout=20) as answer:
        lines = answer.iter_lines()
        assert any(line == "id: 1" for line in lines)
        running.should_exit = True
        list(lines)  # raises RemoteProtocolError if the last chunk doesn't come
    thread.join(20)
    assert not thread.is_alive()
