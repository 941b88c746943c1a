"""The HTTP API as a process of its own, and servers that accept and never answer."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import httpx
from cryptography.fernet import Fernet

from api_stub.stack.environment import settings_environment
from api_stub.stack.servers.ports import find_free_port
from tests import web
from tests.cluster import untraced, wait_for
from tests.http.conftest import KEY


class Silent:
    """A server that accepts every connection and every byte, and never answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._taken: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, scheme: str) -> str:
        """Its address with this scheme."""
        return f"{scheme}://someone:secret-word@127.0.0.1:{self.port}/0"

    @property
    def taken(self) -> int:
        """The number of connections that it has accepted."""
        return len(self._taken)

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                self._taken.append(self._listener.accept()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._taken:
            each.close()


class Door:
    """A running HTTP API."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    def lines(self, event: str) -> list[dict[str, object]]:
        """Return the lines of its log with this event."""
        parsed = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [line for line in parsed if line.get("event") == event]

    def peak_memory(self) -> int:
        """Return its peak memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


@contextmanager
def open_door(folder: Path, database_url: str, redis_url: str, **more: str) -> Iterator[Door]:
    """Run `rapport api` with the given settings, wait until it answers, and kill it."""
    port = find_free_port()
    given = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_keys": Fernet.generate_key().decode(),
        "api_key": KEY,
        **more,
    }
    log = folder / f"api-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "api_stub.cli", "api", "--port", str(port)],
            env={**untraced(), **settings_environment(given)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    door = Door(process, port, log)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return web.get(f"{door.url}/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_for("the front door", answers)
        yield door
    finally:
        process.kill()
        process.wait()
