"""Connections to servers of other people: only to allowed networks, and every wait has an end.

The name is resolved once, every address that it has is checked, and the connection is made to a checked one.
So a name can't be allowed with one address and reached at another.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import httpcore

from worker import clock
from worker.rules.subscriptions.readings import ReadFailure, SourceUnreadableError
from worker.rules.subscriptions.source_address import Reach, is_allowed

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host. Raises OSError."""

_CONNECT_S: Final = 10.0
_SILENT_S: Final = 20.0
_MOST_ADDRESSES: Final = 3


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the IP addresses of a host, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Deadline:
    """The end of all waits of one reading."""

    def __init__(self, seconds: float) -> None:
        self._until = clock.monotonic_seconds() + seconds

    def remaining_s(self, most: float) -> float:
        """Return the time left in seconds, at most `most`. Raises SourceUnreadableError if there is none."""
        left = self._until - clock.monotonic_seconds()
        if left <= 0:
            raise SourceUnreadableError(ReadFailure.TIMEOUT)
        return min(left, most)


class _Stream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the deadline, however slowly bytes come."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes."""
        return self._inner.read(max_bytes, self._deadline.remaining_s(_SILENT_S))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes."""
        self._inner.write(buffer, self._deadline.remaining_s(_SILENT_S))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return the encrypted connection."""
        left = self._deadline.remaining_s(_CONNECT_S)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 -- httpcore's interface
        """Return what httpcore asks for."""
        return self._inner.get_extra_info(info)


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects only to addresses that `reach` allows."""

    def __init__(self, reach: Reach, deadline: Deadline, resolve: Resolver, *, encrypted: bool) -> None:
        self._reach, self._deadline, self._resolve = reach, deadline, resolve
        self._encrypted = encrypted
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the host that answers. One that is not allowed refuses them all."""
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise SourceUnreadableError(ReadFailure.UNREACHABLE, "its name has no address") from None
        if not all(is_allowed(each, self._reach, encrypted=self._encrypted) for each in addresses):
            raise SourceUnreadableError(ReadFailure.ADDRESS_REFUSED)
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                inner = self._plain.connect_tcp(
                    address, port, self._deadline.remaining_s(_CONNECT_S), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
            return _Stream(inner, self._deadline)
        raise SourceUnreadableError(ReadFailure.UNREACHABLE)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: a source is never a Unix socket."""
        raise SourceUnreadableError(ReadFailure.ADDRESS_REFUSED)
