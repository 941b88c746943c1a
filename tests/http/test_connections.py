"""Connections: how many may be open, and how long a request may take."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from api_stub.http.limits import connection_limits
from api_stub.http.limits.connection_limits import BoundedProtocol, connection_settings
from api_stub.stack.servers.ports import find_free_port
from tests.cluster import wait_for


async def answer_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads and answers."""
    while scope["type"] == "http" and (await receive()).get("more_body"):
        pass
    answer = [(b"x-client", scope["client"][0].encode())]
    await send({"type": "http.response.start", "status": 204, "headers": answer})
    await send({"type": "http.response.body"})


@contextmanager
def a_bounded_server(app: ASGIApp = answer_at_once) -> Iterator[int]:
    """uvicorn with our connections, in a thread, around an application."""
    port = find_free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, lifespan="off", log_config=None, **connection_settings())
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for("the server", lambda: server.started)
        yield port
    finally:
        server.should_exit = True
        thread.join(30)


def is_cut(line: socket.socket) -> bool:
    try:
        line.settimeout(0.05)
        return line.recv(1000) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_half_open_connections_give_way_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "REQUEST_TIMEOUT_S", 600)
    monkeypatch.setattr(connection_limits, "MAX_CONNECTIONS", 10)
    with a_bounded_server() as port, ExitStack() as opened:

        def connect(head: bytes) -> socket.socket:
            line = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            line.sendall(head)
            return line

        half_open = [connect(b"GET / HTTP/1.1\r\nHost: a\r\n") for _ in range(50)]
        assert connect(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").recv(1000).startswith(b"HTTP/1.1 204")
        for line in half_open[:40]:
            wait_for("the oldest to be cut", partial(is_cut, line))
        assert not is_cut(half_open[-1])


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nHost:", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_that_does_not_come_to_its_end_is_cut_off_however_often_a_byte_comes(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    async def answer_and_hurry(scope: Scope, receive: Receive, send: Send) -> None:
        monkeypatch.setattr(connection_limits, "REQUEST_TIMEOUT_S", 0.5)  # for the next request alone
        await answer_at_once(scope, receive, send)

    with (
        a_bounded_server(answer_and_hurry) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as line,
    ):
        line.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert line.recv(1000).startswith(b"HTTP/1.1 204")
        line.sendall(sent)

        def is_cut_all_the_same() -> bool:
            with suppress(OSError):
                line.sendall(sent[:1])
            return is_cut(line)

        wait_for("the connection to be cut", is_cut_all_the_same)


def test_a_connection_that_never_asks_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "REQUEST_TIMEOUT_S", 0.2)
    with a_bounded_server() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        wait_for("the connection to be cut", partial(is_cut, line))


def test_nobody_chooses_the_address_that_is_counted() -> None:
    with a_bounded_server() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.9.8.7\r\n\r\n")
        assert b"x-client: 127.0.0.1" in line.recv(1000)


@pytest.mark.parametrize("makes_progress", [True, False])
def test_a_long_answer_goes_on_as_long_as_the_client_takes_it(
    monkeypatch: pytest.MonkeyPatch, makes_progress: bool
) -> None:
    monkeypatch.setattr(connection_limits, "RESPONSE_TIMEOUT_S", 0.2)
    deadlines, check, is_over = 0, BoundedProtocol._end_unless_it_goes_on, threading.Event()

    def count_and_check(self: BoundedProtocol) -> None:
        nonlocal deadlines
        deadlines += 1
        check(self)

    monkeypatch.setattr(BoundedProtocol, "_end_unless_it_goes_on", count_and_check)

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while deadlines < 3 and not is_over.is_set():
            await send({"type": "http.response.body", "body": b"row\n", "more_body": True})
            scope["state"]["progress"] = scope["state"].get("progress", 0) + makes_progress
            await asyncio.sleep(0)  # the turn of the deadline
        await send({"type": "http.response.body", "body": b"end"})

    with a_bounded_server(stream) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        end = b""
        with suppress(ConnectionResetError):
            while received := line.recv(65_536):
                end = (end + received)[-20:]
        is_over.set()
    assert end.endswith(b"end\r\n0\r\n\r\n") is makes_progress
