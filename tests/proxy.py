"""A TCP proxy that fails as networks do. It runs in one thread of this process."""

import re
import selectors
import socket
import struct
import threading
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

_BUFFER: Final = 1 << 16
_PREPARED: Final = re.compile(rb"(_pg3_\d+)\0([^\0]*)\0")
"""The name and the text of a statement that psycopg prepares; later requests have only the name."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_STUCK_SECONDS: Final = 5
"""A reader that takes nothing for so long is as good as gone."""


@dataclass(eq=False, slots=True)
class _Line:
    """A client's connection and the one to the server.

    `doomed`: its next reply is dropped. `prepared`: texts of statements that psycopg sends by their names.
    """

    front: socket.socket
    back: socket.socket
    doomed: bool = False
    prepared: dict[bytes, bytes] = field(default_factory=dict)

    def other(self, end: socket.socket) -> socket.socket:
        return self.back if end is self.front else self.front


@dataclass(frozen=True, slots=True)
class _Trap:
    words: bytes
    ports: Container[int] | None
    before: bool


class Proxy:
    """Forwards everything until a fault is set. A fault applies at once, or to the next matching request."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._behind = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        who, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{who}{at}127.0.0.1:{self.port}").geturl()
        self.caught = 0
        self._trap: _Trap | None = None
        self._lines: set[_Line] = set()
        self._dead: set[_Line] = set()
        self._lock = threading.Lock()
        self._waker, self._wakes = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(self._wakes, selectors.EVENT_READ, None)
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections and the listener."""
        self._open = False
        self._waker.send(b"!")
        self._thread.join(10)
        assert not self._thread.is_alive()
        for line in self._lines | self._dead:
            _end(line)
        for end in (self._listener, self._waker, self._wakes):
            end.close()
        self._selector.close()

    @property
    def armed(self) -> bool:
        """Whether a fault waits for a matching request."""
        return self._trap is not None

    # --- faults

    def freeze(self) -> int:
        """Leave every open connection half-open for good. Return how many."""
        with self._lock:
            frozen = list(self._lines)
            for line in frozen:
                self._let_die(line)
            return len(frozen)

    def reset(self) -> int:
        """Reset every open connection at both ends. Return how many."""
        with self._lock:
            lines = list(self._lines)
            for line in lines:
                self._drop(line, reset=True)
            return len(lines)

    def lose_reply(self, words: bytes, *, ports: Container[int] | None = None) -> None:
        """Forward the next request with `words` in any case, drop its reply, and close that connection.

        `ports` limits this to clients with these ports. `caught` counts the dropped replies.
        """
        self._trap = _Trap(words, ports, before=False)

    def freeze_before(self, words: bytes, *, ports: Container[int] | None = None) -> None:
        """Leave the next connection that sends `words` half-open before the server receives them."""
        self._trap = _Trap(words, ports, before=True)

    def calm(self) -> None:
        """Remove all faults, and close half-open connections."""
        with self._lock:
            self._trap = None
            for line in self._dead:
                _end(line)
            self._dead.clear()

    # --- the thread

    def _serve(self) -> None:
        while self._open:
            for key, _ in self._selector.select():
                with self._lock:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif isinstance(key.data, _Line) and key.data in self._lines:
                        assert isinstance(key.fileobj, socket.socket)
                        self._forward(key.data, key.fileobj)

    def _accept(self) -> None:
        front, _ = self._listener.accept()
        try:
            back = socket.create_connection(self._behind, timeout=_STUCK_SECONDS)
        except OSError:  # nothing listens there; a listener can't refuse a connection more directly
            _close(front, reset=True)
            return
        line = _Line(front, back)
        self._lines.add(line)
        for end in (front, back):
            end.settimeout(_STUCK_SECONDS)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(end, selectors.EVENT_READ, line)

    def _forward(self, line: _Line, end: socket.socket) -> None:
        try:
            said = end.recv(_BUFFER)
            if end is line.front and self._caught(line, said):
                return
            if said and not (end is line.back and line.doomed):
                line.other(end).sendall(said)
                return
        except OSError:
            self._drop(line, reset=True)
            return
        self._drop(line)

    def _caught(self, line: _Line, request: bytes) -> bool:
        """Return whether this request has been handled by a fault."""
        line.prepared |= _PREPARED.findall(request)
        named = (text for name, text in line.prepared.items() if b"\0%b\0" % name in request)
        trap = self._trap
        if trap is None or not any(trap.words.lower() in each.lower() for each in (request, *named)):
            return False
        if trap.ports is not None and line.front.getpeername()[1] not in trap.ports:
            return False
        self._trap = None
        if trap.before:
            self._let_die(line)
        else:
            line.doomed = True
        self.caught += 1
        return trap.before

    def _let_die(self, line: _Line) -> None:
        self._forget(line)
        self._dead.add(line)

    def _drop(self, line: _Line, *, reset: bool = False) -> None:
        self._forget(line)
        _end(line, reset=reset)

    def _forget(self, line: _Line) -> None:
        self._lines.discard(line)
        for end in (line.front, line.back):
            with suppress(KeyError):
                self._selector.unregister(end)


def _end(line: _Line, *, reset: bool = False) -> None:
    for end in (line.front, line.back):
        _close(end, reset=reset)


def _close(end: socket.socket, *, reset: bool) -> None:
    if reset:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    end.close()
