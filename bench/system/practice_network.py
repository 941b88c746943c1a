"""The practice network for a bench, and a warm browser for it."""

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.servers.ports import find_free_port
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool

TIMEOUT: Final = timedelta(seconds=15)
ACCOUNT: Final = 1
"""The account of a bench that needs one."""


@contextmanager
def run_practice_network(folder: Path) -> Iterator[SandboxClient]:
    """Start a practice network; stop it on exit."""
    port = find_free_port()
    given = ["--port", str(port), "--state", str(folder / "state.db")]
    command = [sys.executable, "-m", "api_stub.sandbox", *given]
    key = secrets.token_hex()
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(f"{key}\n")
            process.stdin.close()
            client = SandboxClient(f"http://127.0.0.1:{port}", key)
            while not client.is_healthy():
                if process.poll() is not None:
                    sys.exit("the practice network did not start")
                time.sleep(0.05)
            yield client
        finally:
            process.terminate()


@contextmanager
def open_browser(folder: Path) -> Iterator[tuple[SandboxClient, BrowserPool]]:
    """Start a practice network, and a pool whose browser starts at its first use; stop both on exit."""
    with (
        run_practice_network(folder) as client,
        BrowserPool(chromium=find_chromium(), timeout=TIMEOUT) as pool,
    ):
        yield client, pool
