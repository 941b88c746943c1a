"""Live updates: open pages are told of each commit, by a stream that ends with its session and its server."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from types import SimpleNamespace
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from api_stub.console import live
from api_stub.console.session import Role
from api_stub.http import request_context
from api_stub.http.limits.connection_limits import RESPONSE_TIMEOUT_S, connection_settings
from api_stub.stack.servers.ports import find_free_port
from db.engine import Database
from db.store.actions import control
from db.store.people.accounts import AccountRecord
from tests.builders import an_account
from tests.cluster import wait_for
from tests.console.conftest import create_test_app, serve, sign_in

CHANGED = b"event: changed\n"


class Events:
    """The events of one stream, read as they come."""

    def __init__(self, connection: HTTPConnection) -> None:
        self.connection = connection
        connection.request("GET", "/live")
        self.response: HTTPResponse = connection.getresponse()

    def next_change(self) -> None:
        """Wait for the next `changed`; fails when the stream ends, or after the connection's timeout."""
        while (line := self.response.readline()) != CHANGED:
            assert line, "the stream has ended"

    def read_rest(self) -> list[bytes]:
        """Read to the end of the stream; fails after the connection's timeout."""
        return list(iter(self.response.readline, b""))


Open = Callable[[], Events]


@pytest.fixture
def app(database_url: str, redis_url: str) -> FastAPI:
    return create_test_app(database_url, redis_url)


@contextmanager
def opening(address: str) -> Iterator[Open]:
    with ExitStack() as opened:

        def open_stream() -> Events:
            connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
            opened.callback(connection.close)
            return Events(connection)

        yield open_stream


@pytest.fixture
def open_stream(app: FastAPI) -> Iterator[Open]:
    with serve(app) as address, opening(address) as open_stream:
        sign_in(app, "olga", Role.VIEWER, "en")
        yield open_stream


@pytest.fixture
def account(database: Database) -> AccountRecord:
    with database.transaction() as session:
        return an_account(session)


def settled(events: Events) -> None:
    """Read what a new stream is told: that it began, and that the first look found something."""
    events.next_change()
    events.next_change()


def test_every_open_page_is_told_of_a_commit_of_another_connection(
    open_stream: Open, database: Database, account: AccountRecord
) -> None:
    pages = [open_stream()]
    settled(pages[0])
    pages.append(open_stream())
    pages[1].next_change()
    assert pages[0].response.getheader("Content-Type") == "text/event-stream; charset=utf-8"
    assert pages[0].response.getheader("Cache-Control") == "no-store"
    for change in (control.pause_account, control.resume_account):
        with database.transaction() as session:
            change(session, account.id)
        for page in pages:
            page.next_change()


def test_a_stream_goes_on_after_postgres_ended_its_connections(
    open_stream: Open, database: Database, account: AccountRecord
) -> None:
    page = open_stream()
    settled(page)
    with database.transaction() as session:
        ended = session.scalar(
            text(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                "where application_name = 'rapport console' and datname = current_database()"
            )
        )
    assert ended
    with database.transaction() as session:
        control.pause_account(session, account.id)
    page.next_change()


def test_a_session_that_ends_ends_its_streams(
    app: FastAPI, open_stream: Open, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_stream()
    settled(page)

    async def is_over(_: UUID) -> bool:
        return False

    monkeypatch.setattr(app.state.console.gate, "is_open", is_over)
    with database.transaction() as session:
        session.execute(text("delete from console_sessions"))
    assert CHANGED not in page.read_rest()


def test_one_session_has_so_many_streams_and_a_closed_one_makes_room(
    open_stream: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_OF_ONE", 1)
    page = open_stream()
    settled(page)
    refused = open_stream()
    assert (refused.response.status, refused.response.getheader("Retry-After")) == (503, "30")
    page.connection.close()
    page.response.close()
    wait_for("room for a stream", lambda: open_stream().response.status == 200)


def test_a_stream_ends_before_the_server_would_close_it(
    open_stream: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live.STREAM_S + live.HEARTBEAT_S < RESPONSE_TIMEOUT_S
    monkeypatch.setattr(live, "STREAM_S", 0.0)
    page = open_stream()
    assert page.read_rest() == [b"retry: 1000\n", b"\n", CHANGED, b"data: now\n", b"\n"]


def test_a_stream_is_no_slow_request(open_stream: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, seconds = [], itertools.count(0, 100)
    monkeypatch.setattr(live, "STREAM_S", 0.0)
    monkeypatch.setattr(request_context, "clock", SimpleNamespace(monotonic_seconds=lambda: next(seconds)))
    monkeypatch.setattr(request_context, "_count", lambda route, *rest: counted.append((route, rest[-1])))
    open_stream().read_rest()
    wait_for("the request's end", lambda: bool(counted))
    assert counted == [("/live", 100)]  # until its first byte: the next reading of the clock is its end


def test_a_stopping_server_waits_for_no_stream(app: FastAPI) -> None:
    port = find_free_port()
    config = uvicorn.Config(app, port=port, log_config=None, **connection_settings())  # no limit of its own
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for("the server", lambda: server.started)
    sign_in(app, "olga", Role.VIEWER, "en")
    with opening(f"http://127.0.0.1:{port}") as open_stream:
        settled(open_stream())
        server.should_exit = True
        thread.join(20)  # a stream lasts longer
        assert not thread.is_alive()
