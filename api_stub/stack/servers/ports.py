"""Choose free ports, and check whether a server answers on a port."""

import http.client
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from random import SystemRandom
from typing import Final, TypeVar

import psutil

from api_stub.stack.errors import PortTakenError

LOOPBACK: Final = "127.0.0.1"
_ATTEMPTS: Final = 4
_CANDIDATES: Final = range(20_000, 32_000)
"""Outgoing connections use ports from 32768 on Linux (ip_local_port_range), else from 49152 (RFC 6335)."""

T = TypeVar("T")


def choose_port(preferred: int, server: str, on_taken: Callable[[str], object], reserved: ExitStack) -> int:
    """Return the preferred port, or a free one if that is taken; `on_taken` gets a line that says so.

    No other call returns the port again until `reserved` is closed, in no process: a server may bind it much
    later, and by then somebody else's must not answer there.
    """
    if is_free(preferred) and _reserve(preferred, reserved):
        return preferred
    for _ in range(_ATTEMPTS):
        port = find_free_port()
        if _reserve(port, reserved):
            break
    on_taken(f"port {preferred} is taken{_describe_holder(preferred)}, so {server} uses port {port}")
    return port


def _reserve(port: int, reserved: ExitStack) -> bool:
    """Take the UDP port of this number as a sign for other stacks; the system frees it when we end."""
    sign = socket.socket(type=socket.SOCK_DGRAM)
    try:
        sign.bind((LOOPBACK, port))
    except OSError:
        sign.close()
        return False
    reserved.callback(sign.close)
    return True


def is_free(port: int) -> bool:
    """Return whether a server can use this port of the loopback interface."""
    with socket.socket() as probe:
        # As servers do: connections that a former server closed don't keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return not check_tcp(port)()  # macOS lets two programs bind one port, if one binds all addresses


def _describe_holder(port: int) -> str:
    """Return " by NAME (pid N)", or nothing if the system doesn't tell: other users' processes are hidden."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            is_server = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if is_server and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


def find_free_port() -> int:
    """Return a port of the loopback interface that is free now.

    Raises OSError if there is none. The system's own choice is only the last resort: the system may also give
    that port to an outgoing connection before the server binds it.
    """
    for port in SystemRandom().sample(_CANDIDATES, _ATTEMPTS):
        with suppress(OSError):
            return _bind(port)
    return _bind(0)


def _bind(port: int) -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, port))
        return int(probe.getsockname()[1])


def start_on_free_port(start: Callable[[int], T], *, preferred: int = 0) -> T:
    """Call `start` with a free port and return its result; on PortTakenError, try another port.

    A server that restarts passes its former port as `preferred`, because its clients know that one.
    """
    for attempt in range(_ATTEMPTS - 1):
        try:
            return start(preferred if preferred and not attempt else find_free_port())
        except PortTakenError:
            continue
    return start(find_free_port())


def check_tcp(port: int) -> Callable[[], bool]:
    """Return a readiness check: true when a server accepts connections on the port."""

    def check() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((LOOPBACK, port)) == 0

    return check


def check_http(port: int, path: str = "/") -> Callable[[], bool]:
    """Return a readiness check: true when an HTTP server on the port answers this path with 2xx or 3xx."""

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
