"""Real servers for every test that wants one: a Postgres and a Redis of our own, on free ports."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import settings

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.postgres import Postgres
from api_stub.stack.redis import Redis
from db.engine import Database
from tests.databases import Databases
from tests.order import Together, longest_first
from worker.browser.chromium import find_chromium
from worker.browser.session import BrowserHouse

settings.register_profile("rapport", deadline=None)  # a busy machine is no bug
settings.load_profile("rapport")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    """With `--dist loadscope`, as `./run test` has it."""
    if config.getvalue("dist") != "loadscope":
        return None
    config.option.loadscopereorder = False
    return Together(config, log)


@dataclass(frozen=True)
class Servers:
    postgres: Postgres
    redis: Redis
    databases: Databases


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """One Postgres and one Redis for the whole run, gone with their data at its end."""
    with tempfile.TemporaryDirectory(prefix="rapport-tests-") as folder:
        postgres = Postgres(Path(folder) / "data", durable=False)
        with postgres, Redis(Path(folder) / "data") as server, Databases(postgres) as databases:
            yield Servers(postgres, server, databases)
        postgres.remove_data()


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A database of this test's own, as if copied from one that is migrated."""
    name = servers.databases.borrow()
    yield servers.postgres.url_of(name)
    servers.databases.take_back(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, application_name="tests")
    yield database
    database.close()


@pytest.fixture
def redis_url(servers: Servers) -> Iterator[str]:
    """The shared Redis, empty before and after."""
    client = redis.Redis.from_url(servers.redis.url)
    client.flushall()
    yield servers.redis.url
    client.flushall()
    client.close()


KEY = "a-key-for-tests"
TIMEOUT = timedelta(seconds=8)
StartSandbox = Callable[[Path, str | None], tuple[subprocess.Popen[str], SandboxClient]]


def _start(state: Path, today: str | None) -> tuple[subprocess.Popen[str], SandboxClient]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "api_stub.sandbox", "--port", str(port), "--state", str(state)]
    process = subprocess.Popen(
        [*command, *(["--today", today] if today else [])], stdin=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(f"{KEY}\n")
    process.stdin.close()
    client = SandboxClient(f"http://127.0.0.1:{port}", KEY)
    while not client.healthy():
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            pytest.fail(f"the sandbox ended with {process.returncode}")
    return process, client


@pytest.fixture(scope="session")
def start_sandbox() -> Iterator[StartSandbox]:
    """Starts a sandbox on a state file, on a fixed day or on the real one; ends them all at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(state: Path, today: str | None) -> tuple[subprocess.Popen[str], SandboxClient]:
        process, client = _start(state, today)
        started.append(process)
        return process, client

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(10)


@pytest.fixture(scope="session")
def house() -> Iterator[BrowserHouse]:
    """The one Chromium of the run: Playwright allows one of its loops in a thread."""
    with BrowserHouse(chromium=find_chromium(), timeout=TIMEOUT) as house:
        yield house
