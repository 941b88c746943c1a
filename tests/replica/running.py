"""Start a replica in a process of its own, and sign its member in without a browser."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.servers.ports import find_free_port
from tests.conftest import KEY
from tests.replica.linkedin.client import ReplicaClient
from tests.replica.linkedin.people import LOGIN, PASSWORD

TODAY = "2026-11-10"
ROOT = Path(__file__).parents[2]


def start_replica(
    journal: Path, port: int | None = None, today: str | None = TODAY
) -> tuple[subprocess.Popen[str], ReplicaClient]:
    """Start a replica on a journal and return its process and client; the caller ends the process."""
    port = port or find_free_port()
    command = [sys.executable, "-m", "tests.replica.linkedin", "--port", str(port), "--journal", str(journal)]
    if today:
        command += ["--today", today]
    environment = {**inherited_environment(), **settings_environment({"sandbox_key": KEY})}
    process = subprocess.Popen(command, text=True, cwd=ROOT, env=environment)
    client = ReplicaClient(f"http://127.0.0.1:{port}", KEY)
    while not client.is_healthy():
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            pytest.fail(f"the replica ended with {process.returncode}")
    return process, client


@contextmanager
def running_replica(journal: Path, today: str | None = TODAY) -> Iterator[ReplicaClient]:
    """Run a replica as long as the block lasts."""
    process, client = start_replica(journal, today=today)
    try:
        yield client
    finally:
        process.terminate()
        process.wait(60)


def signed_in_state(client: ReplicaClient) -> str:
    """Sign the member in without a browser: the storage state that one would have then."""
    address = urlsplit(client.base_url)
    form = urlencode({"session_key": LOGIN, "session_password": PASSWORD})
    with closing(HTTPConnection(address.hostname or "", address.port, timeout=60)) as connection:
        connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        given = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    assert answer.status == 303
    pairs = [value.partition(";")[0].partition("=") for value in given]
    cookies = [
        {
            "name": name, "value": value, "domain": address.hostname, "path": "/", "expires": 4102444800,
            "httpOnly": name == "li_at", "secure": False, "sameSite": "Lax",
        }
        for name, _, value in pairs
    ]  # fmt: skip
    return json.dumps({"cookies": cookies, "origins": []})
