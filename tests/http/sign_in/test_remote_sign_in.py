"""A person far away signs an account in: the command, the front door, and the person's own browser."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psutil
import pytest
import redis
from cryptography.fernet import Fernet
from playwright.sync_api import Page
from pydantic import SecretStr

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.environment import settings_environment
from db.engine import Database
from db.store.people import accounts
from tests.builders import an_account
from tests.cluster import untraced
from tests.conftest import StartSandbox
from tests.http.server import Door, open_door
from worker.browser.pool import BrowserPool
from worker.secrets import Vault

PASSWORD: Final = "demo-password"
KEYS: Final = Fernet.generate_key().decode()
SAID: Final = "document.getElementById('status').textContent"


@pytest.fixture(scope="module")
def sandbox(start_sandbox: StartSandbox, tmp_path_factory: pytest.TempPathFactory) -> SandboxClient:
    return start_sandbox(tmp_path_factory.mktemp("sandbox") / "state.db", None)[1]


@pytest.fixture
def door(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Door]:
    with open_door(tmp_path, database_url, redis_url) as door:
        yield door


@dataclass
class Command:
    """A running `rapport account sign-in --remote`."""

    process: subprocess.Popen[str]
    link: str
    output: list[str]

    def end(self) -> tuple[int, str]:
        """Return its exit code and everything that it has printed."""
        assert self.process.stdout is not None
        self.output += self.process.stdout.readlines()
        return self.process.wait(), "".join(self.output)


@pytest.fixture
def environment(
    database_url: str, redis_url: str, sandbox: SandboxClient, tmp_path: Path
) -> Mapping[str, str]:
    given = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_keys": KEYS,
        "sandbox_url": sandbox.base_url,
    }
    return {**untraced(), **settings_environment(given), "RAPPORT_DATA": str(tmp_path / "no-stack")}


@contextmanager
def remote_sign_in(environment: Mapping[str, str], door: Door) -> Iterator[Command]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "api_stub.cli",
            "account",
            "sign-in",
            "demo",
            "--remote",
            "--address",
            door.url,
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that Ctrl-C reaches its browser, as in a terminal, and not the tests
    )
    try:
        assert process.stdout is not None
        output = []
        for line in process.stdout:
            output.append(line)
            if found := re.search(r"http://\S+/sign-in#\S+", line):
                yield Command(process, found[0], output)
                return
        pytest.fail("".join(output))
    finally:
        process.kill()
        process.communicate()


def open_link(browser_pool: BrowserPool, who: int, link: str) -> Page:
    browser_pool.close_context(who)
    page = browser_pool.page_for(who, None)
    page.goto(link)
    page.get_by_role("button", name="Show the browser").click()
    return page


def places(
    browser_pool: BrowserPool, sandbox: SandboxClient, person: Page
) -> Mapping[str, tuple[float, float]]:
    """Return where the fields of the sign-in form are in the person's page: a page of its own is measured."""
    person.wait_for_function("() => document.getElementById('picture').width > 1")
    shown = person.locator("#picture").bounding_box()
    assert shown is not None
    measured = browser_pool.page_for(9, None)
    measured.set_viewport_size({"width": round(shown["width"]), "height": round(shown["height"])})
    measured.goto(f"{sandbox.base_url}/login")
    found = {}
    for field in ("name", "password"):
        box = measured.locator(f"#{field}").bounding_box()
        assert box is not None
        found[field] = (shown["x"] + box["x"] + 8, shown["y"] + box["y"] + 8)
    return found


def type_in(person: Page, where: tuple[float, float], text: str) -> None:
    person.mouse.click(*where)
    person.keyboard.type(text)


@contextmanager
def recorded_commands(redis_url: str) -> Iterator[list[str]]:
    """Record each command that the Redis server gets."""
    seen: list[str] = []
    client = redis.Redis.from_url(redis_url, socket_timeout=None)
    with client.monitor() as monitor:  # type: ignore[no-untyped-call]  # untyped there

        def read() -> None:
            for command in monitor.listen():
                seen.append(str(command["command"]))
                if "end-of-the-record" in seen[-1]:
                    return

        thread = threading.Thread(target=read)
        thread.start()
        yield seen
        client.echo("end-of-the-record")
        thread.join()
    client.close()


def pids_of_group(group: int) -> Iterator[int]:
    """Yield the processes of a process group that still run."""
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid


def test_a_person_far_away_signs_in_and_nobody_between_reads_what_is_typed(
    database: Database,
    environment: Mapping[str, str],
    sandbox: SandboxClient,
    browser_pool: BrowserPool,
    door: Door,
) -> None:
    redis_url = environment["REDIS_URL"]
    with database.transaction() as session:
        account_id = an_account(session).id
    with recorded_commands(redis_url) as commands, remote_sign_in(environment, door) as command:
        person = open_link(browser_pool, 1, command.link)
        where = places(browser_pool, sandbox, person)
        assert person.locator("#host").text_content() == sandbox.base_url.removeprefix("http://")
        assert person.evaluate("location.hash + document.referrer") == ""  # the token is nowhere any more
        stranger = open_link(browser_pool, 2, command.link)
        stranger.wait_for_function(f"() => {SAID}.includes('was opened before')")
        type_in(person, where["name"], "wrong")
        person.keyboard.press("Control+a")
        person.keyboard.type("demi")
        person.keyboard.press("Backspace")
        person.keyboard.type("o")
        person.keyboard.press("Tab")
        person.locator("#keys").evaluate(
            """(field, text) => {
                field.value = text;  // as a paste, or a phone's keyboard, does
                field.dispatchEvent(new InputEvent("input"));
            }""",
            PASSWORD,
        )
        person.keyboard.press("Enter")
        person.wait_for_function(f"() => {SAID}.includes('Account demo is signed in')", timeout=30_000)
        code, said = command.end()
    assert code == 0, said
    with database.transaction() as session:
        account = accounts.get_account(session, account_id)
    assert account.session is not None
    kept = json.loads(Vault(SecretStr(KEYS)).open(account.session).get_secret_value())
    assert [cookie["name"] for cookie in kept["cookies"]] == ["fellow_session"]
    now = datetime.now(UTC)  # noqa: TID251 -- compared with the database's clock
    assert account.signed_in_since is not None
    assert account.session_expires_at is not None
    assert abs(account.signed_in_since - now) < timedelta(minutes=5)
    assert abs(account.session_expires_at - now - timedelta(days=30)) < timedelta(minutes=5)
    token, key = command.link.partition("#")[2].split(".")
    logs = door._log.read_text()
    assert "/sign-in/input" in logs
    assert any("to-browser" in each for each in commands)
    for secret in (PASSWORD, token, key):
        assert secret not in logs
        assert secret not in "".join(commands)
    assert PASSWORD not in said
    with redis.Redis.from_url(redis_url) as client:
        assert not client.keys("rapport:sign-in:*:alive")


@pytest.mark.soak
def test_ctrl_c_keeps_nothing_and_ends_the_page(
    database: Database,
    environment: Mapping[str, str],
    browser_pool: BrowserPool,
    door: Door,
) -> None:
    with database.transaction() as session:
        account_id = an_account(session).id
    with remote_sign_in(environment, door) as command:
        hasty = browser_pool.page_for(1, None)
        hasty.goto(command.link[:-21])  # a key of 16 bytes: it opens nothing, and the link stays unused
        hasty.wait_for_function(f"() => {SAID}.includes('This link is not complete')")
        assert hasty.get_by_role("button", name="Show the browser").count() == 0
        person = open_link(browser_pool, 1, command.link)
        person.wait_for_function("() => document.getElementById('picture').width > 1")
        os.killpg(command.process.pid, signal.SIGINT)
        person.wait_for_function(f"() => {SAID}.includes('nothing was kept')")
        code, said = command.end()
        assert code == 130
        assert "Traceback" not in said
        assert not list(pids_of_group(command.process.pid))
    with database.transaction() as session:
        assert accounts.get_account(session, account_id).session is None
