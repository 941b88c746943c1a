"""`rapport env` in a real shell, and `rapport destroy`."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api_stub.stack.environment_file import write_environment
from api_stub.stack.lock import FolderLock
from api_stub.stack.secrets import load_secrets
from tests.cli.conftest import Rapport
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


Answering = Callable[..., tuple[int, str, str]]


@pytest.fixture
def rapport(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Runs a command whose question is answered so; gives exit code, output, errors."""

    def run(*arguments: str, answer: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        return Rapport(capsys, monkeypatch).code(*arguments)

    return run


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_the_variables_as_they_are(data: Path, running: FolderLock, shell: str) -> None:
    asks = f'eval "$({sys.executable} -m api_stub.cli env --data "$1")"; printf %s "$RAPPORT_EVIDENCE_DIR"'
    said = subprocess.run(
        [shell, "-c", asks, shell, str(data)], env=untraced(), capture_output=True, check=True, text=True
    )
    assert said.stdout == AWKWARD


def test_without_a_running_rapport_there_is_nothing_to_evaluate(
    rapport: Answering, data: Path, running: FolderLock
) -> None:
    running.release()  # as if it was killed: the file with its variables is still there
    code, out, err = rapport("env", "--data", str(data))
    assert (code, out) == (3, "")
    assert err == "rapport: Rapport isn't running: `rapport up` starts it\n"


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


def test_destroy_names_what_goes_and_removes_it_after_a_typed_yes(
    rapport: Answering, data: Path, used: Path
) -> None:
    code, out, err = rapport("destroy", "--data", str(data), answer="yes\n")
    assert code == 0, err
    assert f"     3.0 MiB  {used}\n" in out
    assert all(f"{data / name}\n" in out for name in ("secrets.json", "evidence", "sandbox.sqlite3"))
    assert not used.exists()
    assert [path.name for path in data.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("answer", ["", "y\n", "no\n"])
def test_destroy_without_a_typed_yes_removes_nothing(
    rapport: Answering, data: Path, used: Path, answer: str
) -> None:
    before = list(data.rglob("*"))
    code, _, err = rapport("destroy", "--data", str(data), answer=answer)
    assert (code, err) == (1, "rapport: not confirmed, so nothing was removed\n")
    assert set(before) <= set(data.rglob("*"))
    assert used.exists()


def test_destroy_refuses_while_it_runs(
    rapport: Answering, data: Path, used: Path, running: FolderLock
) -> None:
    code, out, err = rapport("destroy", "--data", str(data), answer="yes\n")
    assert (code, out) == (1, "")
    assert "already running here" in err
    assert used.exists()


def test_destroy_leaves_a_folder_that_is_none_of_rapport_s(rapport: Answering, data: Path) -> None:
    (data / "postgres").mkdir()
    (data / "redis").mkdir()
    code, _, err = rapport("destroy", "--data", str(data), answer="yes\n")
    assert code == 1
    assert "there is no Rapport data" in err
    assert len(list(data.iterdir())) == 2
