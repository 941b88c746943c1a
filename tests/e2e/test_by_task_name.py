"""The programs of docs/by-task-name.md, as they stand there, against a real Redis, worker and front door."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import redis

from api_stub.stack.processes import Child
from tests.builders import a_contact, an_account, database_now
from tests.cluster import wait_for
from tests.e2e.conftest import API_KEY, QUICK, World, start, world_broker

pytestmark = pytest.mark.soak  # tests/e2e/test_chain.py starts a campaign by name from outside, too
PAGE: Final = (Path(__file__).parents[2] / "docs" / "by-task-name.md").read_text()
PACKAGES: Final = Path(__file__).parent / "node"
"""The packages of the Node client, locked by npm."""

ALONE: Final = """
import runpy, sys
for ours in ("api_stub", "celeryconfig", "db", "tasks", "worker"):
    sys.modules[ours] = None  # importing it fails
runpy.run_path(sys.argv[1], run_name="__main__")
"""
"""Runs a program that can't import Rapport."""


def program(heading: str, language: str) -> str:
    """Return the program below a heading of the page."""
    _, _, after = PAGE.partition(f"\n## {heading}\n")
    found = re.search(rf"```{language}\n(.*?)```", after, re.DOTALL)
    assert found, heading
    return found[1]


@pytest.fixture(scope="module")
def sender(world: World, api: str) -> Mapping[str, str]:
    """The variables of a program whose user in Redis has the rights of the page, and no others."""
    found = re.search(r"^user crm on >PASSWORD (.*?)\n```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    admin_url = world_broker[world.data].config()["admin_url"]
    with redis.Redis.from_url(admin_url) as admin:
        admin.execute_command("ACL", "SETUSER", "crm", "on", ">of-the-crm", *found[1].split())
    address = urlsplit(admin_url)
    url = address._replace(netloc=f"crm:of-the-crm@{address.hostname}:{address.port}").geturl()
    return {"REDIS_URL": url, "API": api, "API_KEY": API_KEY}


@pytest.fixture(scope="module")
def worker(world: World) -> Child:
    """A control worker for an account with one birthday today."""
    with world.database.transaction() as session:
        account = an_account(session, limits=QUICK)
        a_contact(session, account, "ann", name="Ann Berg", birthday=database_now(session).date())
    child = start(world, "control", "worker", "control", "--name", "control")
    wait_for("the worker", lambda: " ready." in child.log.read_text(errors="replace"))
    return child


Run = Callable[..., str]


@pytest.fixture
def run(sender: Mapping[str, str], worker: Child, tmp_path: Path) -> Run:
    """Run a program in a folder of its own, with no variables but its own, and return what it printed."""

    def run(*command: str, cwd: Path = tmp_path) -> str:
        env = {"PATH": os.environ["PATH"], **sender}  # noqa: TID251 -- the programs are found by it
        done = subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, timeout=90, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def assert_is_the_dry_run(printed: str) -> None:
    campaign = json.loads(printed)
    assert (campaign["account"], campaign["progress"]) == ("demo", "dry_run")
    assert campaign["preview_lines"] == 1


@pytest.mark.parametrize("heading", ["Python", "Redis and JSON"])
def test_a_program_in_python_starts_a_campaign_and_learns_its_outcome(
    run: Run, tmp_path: Path, heading: str
) -> None:
    (tmp_path / "program.py").write_text(program(heading, "python"))
    assert_is_the_dry_run(run(sys.executable, "-I", "-c", ALONE, "program.py"))


def test_a_celery_client_of_node_does(run: Run, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm: apt install nodejs npm")
    cache = getattr(pytestconfig, "cache", None)  # `-p no:cacheprovider` takes it away
    folder = tmp_path if cache is None else cache.mkdir("node-client")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, folder)
    installed = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--prefer-offline"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"npm could not install the client: {installed.stderr[-300:]}")
    (folder / "program.js").write_text(program("Node", "js"))
    assert_is_the_dry_run(run("node", "program.js", cwd=folder))


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_does(run: Run, tmp_path: Path) -> None:
    (tmp_path / "program.sh").write_text(program("HTTP", "sh"))
    assert_is_the_dry_run(run("sh", "program.sh"))
