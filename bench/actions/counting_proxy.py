"""A TCP proxy that counts what a client asks of Postgres or Redis, whatever library the client uses."""

import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

_BUFFER: Final = 1 << 16
_HEAD: Final = 5
"""Bytes of a message's type and length in Postgres' protocol."""
_COMMENT: Final = re.compile(r"\A(?:\s*--[^\n]*\n)*\s*")
_PING: Final = "select 1"
_FRAME: Final = ("begin", "commit", "rollback", "set local ", "")
"""The beginnings of statements that do nothing by themselves."""


@dataclass
class _Connection:
    """One client's connection: what was read of it so far."""

    asking: bool = False
    started: bool = False
    from_client: bytes = b""
    from_server: bytes = b""
    prepared: dict[bytes, str] = field(default_factory=dict)
    bound: str = ""


class CountingProxy:
    """Forwards everything, and counts round trips; for Postgres also statements, pings and transactions."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._behind = (parts.hostname or "127.0.0.1", parts.port or 0)
        self._reads_postgres = parts.scheme.startswith("postgres")
        self._listener = socket.create_server(("127.0.0.1", 0))
        who, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{who}{at}127.0.0.1:{self._listener.getsockname()[1]}").geturl()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.statements: Counter[str] = Counter()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def counts(self) -> Counter[str]:
        """Return the counts so far, by what was counted."""
        with self._lock:
            return self._counts.copy()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                front, _ = self._listener.accept()
                back = socket.create_connection(self._behind)
                for end in (front, back):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line = _Connection()
                for source, sink in ((front, back), (back, front)):
                    arguments = (source, sink, line, source is front)
                    threading.Thread(target=self._forward, args=arguments, daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, line: _Connection, asks: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_BUFFER):
                with self._lock:
                    self._note(line, data, asks=asks)
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _note(self, line: _Connection, data: bytes, *, asks: bool) -> None:
        if asks and not line.asking:
            self._counts["round trips"] += 1
        line.asking = asks
        if not self._reads_postgres:
            return
        if not line.started:  # the start has messages without a type; its end is ReadyForQuery
            line.started = not asks and data.endswith(b"Z\x00\x00\x00\x05I")
        elif asks:
            line.from_client = self._read_requests(line, line.from_client + data)
        else:
            line.from_server = self._read_replies(line.from_server + data)

    def _read_requests(self, line: _Connection, data: bytes) -> bytes:
        messages = _Messages(data)
        for kind, body in messages:
            if kind == b"Q":
                for statement in body.rstrip(b"\0").decode().split(";"):
                    self._count_statement(statement)
            elif kind == b"P":
                name, prepared, _ = body.split(b"\0", 2)
                line.prepared[name] = prepared.decode()
            elif kind == b"B":
                line.bound = line.prepared.get(body.split(b"\0", 2)[1], "?")
            elif kind == b"E":
                self._count_statement(line.bound)
        return messages.rest

    def _count_statement(self, statement: str) -> None:
        bare = _COMMENT.sub("", statement).strip().lower()
        what = (
            "pings"
            if bare == _PING
            else "frame"
            if bare.startswith(_FRAME[:-1]) or not bare
            else "statements"
        )
        self._counts[what] += 1
        if what == "statements":
            self.statements[" ".join(statement.split())[:100]] += 1

    def _read_replies(self, data: bytes) -> bytes:
        messages = _Messages(data)
        for kind, body in messages:
            if kind == b"Z" and body == b"I":
                self._counts["transactions"] += 1
        return messages.rest


class _Messages:
    """The whole messages in `data`, type and body; `rest` is what follows them."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        while len(self.rest) >= _HEAD:
            end = 1 + int.from_bytes(self.rest[1:_HEAD])
            if len(self.rest) < end:
                return
            message, self.rest = self.rest[:end], self.rest[end:]
            yield message[:1], message[_HEAD:]
