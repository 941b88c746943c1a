"""A real practice network in its own process, and a real Chromium."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from api_stub.sandbox.client import SandboxClient
from worker.browser.chromium import find_chromium
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.browser.session import BrowserHouse

KEY = "a-key-for-tests"
# the days before it reach into the old year, which is where dating goes wrong
TODAY = "2027-01-03"
TIMEOUT = timedelta(seconds=8)
BRIEF = timedelta(milliseconds=300)

StartSandbox = Callable[[Path], tuple[subprocess.Popen[str], SandboxClient]]


def _start(state: Path) -> tuple[subprocess.Popen[str], SandboxClient]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "api_stub.sandbox", "--port", str(port), "--state", str(state)]
    process = subprocess.Popen([*command, "--today", TODAY], stdin=subprocess.PIPE, text=True)
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
    """Starts a sandbox on a state file; ends them all at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(state: Path) -> tuple[subprocess.Popen[str], SandboxClient]:
        process, client = _start(state)
        started.append(process)
        return process, client

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(10)


@pytest.fixture(scope="session")
def fresh_state(start_sandbox: StartSandbox, tmp_path_factory: pytest.TempPathFactory) -> SandboxClient:
    return start_sandbox(tmp_path_factory.mktemp("sandbox") / "state.db")[1]


@pytest.fixture
def sandbox(fresh_state: SandboxClient) -> Iterator[SandboxClient]:
    """The shared sandbox, without faults. Each test writes to people of its own."""
    fresh_state.clear_faults()
    yield fresh_state
    fresh_state.clear_faults()


@pytest.fixture(scope="session")
def chromium() -> Path:
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium on the PATH")
    return found


@pytest.fixture(scope="session")
def house(chromium: Path) -> Iterator[BrowserHouse]:
    with BrowserHouse(chromium=chromium, timeout=TIMEOUT) as house:
        yield house


@pytest.fixture(scope="session")
def states(house: BrowserHouse, fresh_state: SandboxClient) -> dict[str, str]:
    """A storage state for each member."""
    fresh_state.clear_faults()
    states = {}
    for account_id, member in enumerate(("demo", "demo2"), start=101):
        sign_in(house.page_for(account_id, None), fresh_state.base_url, member, "demo-password")
        states[member] = house.storage_state(account_id)
        house.drop(account_id)
    return states


@pytest.fixture
def page(house: BrowserHouse, states: dict[str, str]) -> Iterator[Page]:
    """The page of the English member, signed in."""
    page = house.page_for(1, states["demo"])
    yield page
    # leave nothing open that the next test could mistake for its own
    with suppress(PlaywrightError):
        page.goto("about:blank")


@pytest.fixture
def french_page(house: BrowserHouse, states: dict[str, str]) -> Page:
    return house.page_for(2, states["demo2"])


@pytest.fixture
def site(page: Page, sandbox: SandboxClient) -> SandboxSite:
    return SandboxSite(page, sandbox.base_url, TIMEOUT)


@pytest.fixture
def brief_site(page: Page, sandbox: SandboxClient) -> SandboxSite:
    """For proofs that are to fail: they take their whole wait."""
    return SandboxSite(page, sandbox.base_url, TIMEOUT, proof_wait=BRIEF)


@pytest.fixture
def french_site(french_page: Page, sandbox: SandboxClient) -> SandboxSite:
    return SandboxSite(french_page, sandbox.base_url, TIMEOUT)
