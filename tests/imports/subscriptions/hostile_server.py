"""A server on loopback that answers with whatever bytes a test gives it, or never ends."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

Behaviour = Callable[[bytes, socket.socket, Event], None]
"""Gets the head of a request, the connection, and an event that ends the test."""


def http_answer(
    body: bytes = b"", *, status: str = "200 OK", headers: str = "", content_type: str = "text/calendar"
) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def always(answer: bytes) -> Behaviour:
    def answer_all(_head: bytes, connection: socket.socket, _ended: Event) -> None:
        connection.sendall(answer)

    return answer_all


def redirect(location: str) -> Behaviour:
    return always(http_answer(status="302 Found", headers=f"Location: {location}\r\n"))


def drip(_head: bytes, connection: socket.socket, ended: Event) -> None:
    """Send a header that never ends, byte by byte."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not ended.wait(0.01):
        connection.sendall(b"a")


def never_end(_head: bytes, connection: socket.socket, ended: Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n")
    while not ended.is_set():
        connection.sendall(b"X:" + b"a" * 100_000 + b"\r\n")


def hold(_head: bytes, _connection: socket.socket, ended: Event) -> None:
    """Accept the request and never answer."""
    ended.wait()


class HostileServer:
    def __init__(self, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        self.heads: list[bytes] = []


_POLL_S: Final = 0.02


@contextmanager
def hostile_server(behave: Behaviour) -> Iterator[HostileServer]:
    ended, threads = Event(), []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_POLL_S)
        server = HostileServer(listener)

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(5)
                head = b""
                while b"\r\n\r\n" not in head:
                    received = connection.recv(65536)
                    if not received:
                        return
                    head += received
                server.heads.append(head)
                behave(head, connection, ended)

        def accept() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    connection, _ = listener.accept()
                    threads.append(Thread(target=serve, args=(connection,)))
                    threads[-1].start()

        acceptor = Thread(target=accept)
        acceptor.start()
        try:
            yield server
        finally:
            ended.set()
            acceptor.join()
            for thread in threads:
                thread.join()
