"""`rapport env` in a real shell, and `rapport destroy`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_stub.stack.environment_file import write_environment
from api_stub.stack.lock import FolderLock
from api_stub.stack.secrets import load_secrets
from tests.cluster import untraced

AWKWARD = '/home/o\'neil/my "data" $HOME `id` \\n *'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "o'neil's data"
    folder.mkdir()
    return folder


@pytest.fixture
def running(data: Path) -> Iterator[FolderLock]:
    """A stack runs on the folder, as far as another terminal sees."""
    lock = FolderLock(data)
    lock.acquire()
    write_environment(data, {"DATABASE_URL": "postgresql://u:p@h/d", "RAPPORT_EVIDENCE_DIR": AWKWARD})
    yield lock
    lock.release()


def rapport(*arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "api_stub.cli", *arguments],
        env=untraced(), input=answer, capture_output=True, check=False, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_the_variables_as_they_are(data: Path, running: FolderLock, shell: str) -> None:
    asks = f'eval "$({sys.executable} -m api_stub.cli env --data "$1")"; printf %s "$RAPPORT_EVIDENCE_DIR"'
    said = subprocess.run(
        [shell, "-c", asks, shell, str(data)], env=untraced(), capture_output=True, check=True, text=True
    )
    assert said.stdout == AWKWARD


def test_without_a_running_rapport_there_is_nothing_to_evaluate(data: Path, running: FolderLock) -> None:
    running.release()  # as if it was killed: the file with its variables is still there
    said = rapport("env", "--data", str(data))
    assert (said.returncode, said.stdout) == (3, "")
    assert said.stderr == "rapport: Rapport isn't running: start it with `rapport up`\n"


@pytest.fixture
def used(data: Path, tmp_path: Path) -> Path:
    """A data folder after a run as root: its database is elsewhere. One file in it is somebody else's."""
    load_secrets(data)
    cluster = tmp_path / "postgres-x"
    (cluster / "data").mkdir(parents=True)
    (cluster / "data" / "PG_VERSION").write_bytes(b"1" * 3 * 1024 * 1024)
    (data / "postgres").symlink_to(cluster)
    (data / "evidence").mkdir()
    (data / "evidence" / "a.png").touch()
    (data / "sandbox.sqlite3").touch()
    (data / "notes.txt").touch()
    return cluster


def test_destroy_names_what_goes_and_removes_it_after_a_typed_yes(data: Path, used: Path) -> None:
    said = rapport("destroy", "--data", str(data), answer="yes\n")
    assert said.returncode == 0, said.stderr
    assert f"     3.0 MiB  {used}\n" in said.stdout
    assert all(f"{data / name}\n" in said.stdout for name in ("secrets.json", "evidence", "sandbox.sqlite3"))
    assert not used.exists()
    assert [path.name for path in data.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("answer", ["", "y\n", "no\n"])
def test_destroy_without_a_typed_yes_removes_nothing(data: Path, used: Path, answer: str) -> None:
    before = list(data.rglob("*"))
    said = rapport("destroy", "--data", str(data), answer=answer)
    assert (said.returncode, said.stderr) == (1, "rapport: nobody typed yes, so nothing was removed\n")
    assert set(before) <= set(data.rglob("*"))
    assert used.exists()


def test_destroy_refuses_while_it_runs(data: Path, used: Path, running: FolderLock) -> None:
    said = rapport("destroy", "--data", str(data), answer="yes\n")
    assert (said.returncode, said.stdout) == (1, "")
    assert "already running here" in said.stderr
    assert used.exists()


def test_destroy_leaves_a_folder_that_is_none_of_rapport_s(data: Path) -> None:
    (data / "postgres").mkdir()
    (data / "redis").mkdir()
    said = rapport("destroy", "--data", str(data), answer="yes\n")
    assert said.returncode == 1
    assert "there is no data of Rapport" in said.stderr
    assert len(list(data.iterdir())) == 2
