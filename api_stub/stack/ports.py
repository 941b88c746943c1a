"""Free ports of this machine, and whether something answers there."""

import http.client
import socket
from collections.abc import Callable
from contextlib import suppress
from random import SystemRandom
from typing import Final, TypeVar

from api_stub.stack.errors import PortTakenError

LOOPBACK: Final = "127.0.0.1"
_ATTEMPTS: Final = 4
_CANDIDATES: Final = range(20_000, 32_000)
"""Outgoing connections begin at 32768 on Linux (ip_local_port_range), at 49152 elsewhere (RFC 6335)."""

T = TypeVar("T")


def find_free_port() -> int:
    """A port of the loopback interface that was free a moment ago.

    Raises OSError where none can be had. The system is the last to be asked: what it names, it may also give
    to an outgoing connection before a server listens there.
    """
    for port in SystemRandom().sample(_CANDIDATES, _ATTEMPTS):
        with suppress(OSError):
            return _bind(port)
    return _bind(0)


def _bind(port: int) -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, port))
        return int(probe.getsockname()[1])


def start_on_free_port(start: Callable[[int], T], *, rather: int = 0) -> T:
    """What `start` gives for a free port. It is called again when it says that the port was just taken.

    A server that starts again says which port it would rather have: the one that its clients know.
    """
    for attempt in range(_ATTEMPTS - 1):
        try:
            return start(rather if rather and not attempt else find_free_port())
        except PortTakenError:
            continue
    return start(find_free_port())


def check_tcp(port: int) -> Callable[[], bool]:
    """A readiness check: something accepts connections there."""

    def check() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((LOOPBACK, port)) == 0

    return check


def check_http(port: int, path: str = "/") -> Callable[[], bool]:
    """A readiness check: an HTTP server there answers this path with a success."""

    def check() -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
        try:
            connection.request("GET", path)
            return 200 <= connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return check
