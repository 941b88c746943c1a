"""A pipe, a device, a socket or a folder in place of a file is refused at once, in one line."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
import typer

from api_stub.cli.main import build_app
from db.engine import Database
from tests.builders import an_account
from tests.cli.conftest import Rapport
from worker.errors import RequestRefusedError
from worker.files import open_regular_file

LONGEST_SECONDS: Final = 20

READS: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    ("import", "contacts"): ("FILE", "--account", "demo"),
    ("import", "v1"): ("FILE", "--account", "demo"),
    ("account", "import-state"): ("demo", "FILE"),
    ("campaign", "visitor"): ("demo", "--profiles", "FILE"),
    ("campaign", "sourcing"): ("demo", "--criteria", "FILE"),
    ("sourcing", "save"): ("demo", "chefs", "--criteria", "FILE"),
    ("sourcing", "rescore"): ("1f3a", "--criteria", "FILE"),
    ("schedule", "set"): ("demo", "visitor", "--cron", "30 10 * * 1-5", "--options", "FILE"),
}
WRITES: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    ("export", "contacts"): ("--output", "FILE"),
    ("export", "interactions"): ("--output", "FILE"),
    ("sourcing", "results"): ("1f3a", "--out", "FILE"),
    ("selectors", "check"): ("demo", "--yes", "--report", "FILE"),
}


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


KINDS: Final[Mapping[str, Callable[[Path], object]]] = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a socket": a_socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.fixture(autouse=True)
def bound() -> Iterator[None]:
    """Fail instead of waiting for a pipe."""

    def too_long(_: int, __: FrameType | None) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def special(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Create a special file in a folder with a short path, as sockets need it."""
    here = Path.cwd()
    os.chdir(tmp_path)

    def make(kind: str) -> Path:
        KINDS[kind](Path("special"))
        return tmp_path / "special"

    yield make
    os.chdir(here)


def named_files(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield each command that takes the name of a file."""
    for name, below in getattr(command, "commands", {}).items():
        yield from named_files(below, (*words, name))
    if any("FILE" in str(parameter.metavar) for parameter in command.params):
        yield words


def test_every_command_that_is_told_a_file_is_known_here() -> None:
    assert set(named_files(typer.main.get_command(build_app()))) == {*READS, *WRITES}


@pytest.mark.parametrize("kind", KINDS)
def test_no_command_reads_a_special_file(
    database: Database, rapport: Rapport, special: Callable[[str], Path], kind: str
) -> None:
    with database.transaction() as session:
        an_account(session, "demo")
    path = special(kind)
    for command, arguments in READS.items():
        said = rapport.refused(*command, *(str(path) if each == "FILE" else each for each in arguments))
        if kind == "a folder":
            assert f"{path} can't be read: Is a directory" in said or f"there is no file {path}" in said
        else:
            assert f"it is {kind}" in said


@pytest.mark.parametrize("kind", KINDS)
def test_no_export_writes_to_a_special_file(
    database: Database, rapport: Rapport, special: Callable[[str], Path], kind: str
) -> None:
    path = special(kind)
    for what in ("contacts", "interactions"):
        for force in ((), ("--force",)):
            said = rapport.refused("export", what, "--output", str(path), *force)
            assert "is not a file: name one" in said
    assert f"{path} already exists" in rapport.refused(
        "selectors", "check", *WRITES["selectors", "check"][:-1], str(path)
    )


def test_a_file_that_becomes_a_pipe_meanwhile_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "people.csv"
    path.touch()
    checked = os.stat

    def exchanged(name: str) -> os.stat_result:
        monkeypatch.undo()  # pytest uses it too
        before = checked(name)
        path.unlink()
        os.mkfifo(path)
        return before

    monkeypatch.setattr(os, "stat", exchanged)
    with pytest.raises(RequestRefusedError, match="it is a pipe"):
        open_regular_file(str(path), os.O_RDONLY)


@pytest.mark.parametrize("beside", ["v1.db-wal", "v1.db-journal"])
def test_a_pipe_beside_v1_s_file_is_not_waited_for(tmp_path: Path, beside: str) -> None:
    file = tmp_path / "v1.db"
    file.write_bytes(b"SQLite format 3\0" + bytes([16, 0, 1, 1]) + bytes(4076))
    os.mkfifo(tmp_path / beside)
    # in a process of its own, because SQLite ignores our alarm while it waits
    program = (
        "import sys; from pathlib import Path; from db.imports.v1.file import read_v1_file; "
        "read_v1_file(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, file],
        capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS,
    )  # fmt: skip
    assert "RequestRefusedError" in done.stderr
    assert "beside it isn't a file" in done.stderr
