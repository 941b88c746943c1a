"""Where backups are: a folder or an address. Only whole files count, and no others are touched."""

import os
import resource
import socket
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from db.backup import place_errors
from db.backup.targets import Target, make_name, open_locally, open_target, prune
from worker.errors import ConfigurationError, RequestRefusedError

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = [FIRST.replace(day=day) for day in (1, 2, 3)]


@pytest.fixture(params=["folder", "address"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    if request.param == "folder":
        return open_target(str(tmp_path))
    made = open_target(f"memory://backups-{uuid4().hex}")
    with made.create("of-somebody-else"):
        pass  # the folder is there
    return made


def fill(target: Target) -> None:
    for at in DAYS:
        with target.create(make_name(at)) as file:
            file.write(b"content")


def test_backups_are_listed_newest_first_by_their_names(target: Target) -> None:
    fill(target)
    assert [(each.at, each.bytes) for each in target.list_backups()] == [(at, 7) for at in reversed(DAYS)]


def test_two_backups_within_a_second_are_kept_apart(target: Target) -> None:
    first, second = FIRST, FIRST + timedelta(milliseconds=1)
    for at, content in ((first, b"one"), (second, b"another")):
        with target.create(make_name(at)) as file:
            file.write(content)
    assert [(each.at, each.bytes) for each in target.list_backups()] == [(second, 7), (first, 3)]


def test_the_newest_remain(target: Target) -> None:
    fill(target)
    assert prune(target, keep=2) == [make_name(FIRST)]
    assert [each.at for each in target.list_backups()] == [DAYS[2], DAYS[1]]
    assert prune(target, keep=2) == []


def test_a_file_that_was_not_finished_has_no_name(target: Target) -> None:
    def fail() -> None:
        with target.create(make_name(FIRST)) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert target.list_backups() == []


def test_what_a_killed_process_left_is_deleted_after_a_day(tmp_path: Path) -> None:
    old, new = tmp_path / ".rapport-export-1.part", tmp_path / ".rapport-export-2.part"
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, times=(0, 0))
    fill(open_target(str(tmp_path)))
    assert not old.exists()
    assert new.exists()


def test_only_the_owner_can_read_a_backup(tmp_path: Path) -> None:
    fill(open_target(str(tmp_path)))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_backup_is_never_overwritten(tmp_path: Path) -> None:
    target = open_target(str(tmp_path))
    fill(target)
    with pytest.raises(RequestRefusedError, match="already exists"):
        fill(target)


def test_an_address_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nosuch://"):
        open_target("nosuch://x/y")


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    target = open_target(str(tmp_path / "nothing"))
    with pytest.raises(RequestRefusedError, match="mount its disk"):
        target.list_backups()
    with pytest.raises(RequestRefusedError, match="mount its disk"), target.create("x"):
        pass


@pytest.fixture
def ftp_refusing() -> Iterator[str]:
    """The address of a server that lets nobody sign in."""

    def refuse_one() -> None:
        with listener.accept()[0] as connection:
            connection.sendall(b"220 ready\r\n")
            connection.recv(100)
            connection.sendall(b"530 nobody may sign in\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        refused = pool.submit(refuse_one)
        yield f"ftp://me:c4nary@127.0.0.1:{listener.getsockname()[1]}/backups"
        refused.result(10)


def test_a_place_that_lets_nobody_sign_in_is_refused_with_what_to_do(ftp_refusing: str) -> None:
    with pytest.raises(RequestRefusedError, match="530 nobody may sign in") as told:
        open_target(ftp_refusing)
    assert "that this process may sign in" in str(told.value)
    assert "c4nary" not in str(told.value)


@pytest.mark.parametrize(("module", "name"), place_errors._PACKAGES)
def test_an_error_of_a_place_s_package_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    """The packages aren't installed here: each module stands in for the one of this name."""
    theirs = ModuleType(module)
    setattr(theirs, name, type(name, (Exception,), {}))
    monkeypatch.setitem(sys.modules, module, theirs)
    assert_refused(monkeypatch, type(f"Special{name}", (getattr(theirs, name),), {}), f"Special{name}: said")


@pytest.mark.parametrize("kind", [EOFError, ValueError, NotImplementedError])
def test_a_python_error_of_a_place_s_package_is_refused_too(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    assert_refused(monkeypatch, kind, f"{kind.__name__}: said")


def assert_refused(monkeypatch: pytest.MonkeyPatch, kind: type[Exception], says: str) -> None:
    """Assert that this error of the place is told in one line whatever is done there."""
    target = open_target(f"memory://backups-{uuid4().hex}")

    def fail(*_given: object, **_named: object) -> None:
        raise kind("said\nin lines")

    for method in ("open", "ls", "rm"):
        monkeypatch.setattr(MemoryFileSystem, method, fail)
    for use in (target.list_backups, lambda: target.delete("x"), target.create("x").__enter__):
        with pytest.raises(RequestRefusedError, match=f"{says} in lines. Check its address"):
            use()


def test_an_error_of_the_content_is_no_error_of_the_place(target: Target) -> None:
    def fail() -> None:
        with target.create(make_name(FIRST)):
            raise ValueError("of our own")

    with pytest.raises(ValueError, match="of our own"):
        fail()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are, for this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def address() -> str:
    """The address of a backup of three megabytes."""
    folder = f"memory://backups-{uuid4().hex}"
    target = open_target(folder)
    with target.create(make_name(FIRST)) as file:
        file.write(bytes(3_000_000))
    return f"{folder}/{make_name(FIRST)}"


def test_a_backup_at_an_address_is_copied_for_as_long_as_it_is_read(address: str, temporary: Path) -> None:
    counted: list[int] = []
    with open_locally(address, progress=counted.append) as backup:
        assert backup.path.read_bytes() == bytes(3_000_000)
        assert sum(counted) == 3_000_000
        assert backup.origin.endswith(make_name(FIRST))
        assert backup.path.is_relative_to(temporary)
        assert backup.path.parent.stat().st_mode & 0o077 == 0
    assert list(temporary.iterdir()) == []


def test_a_copy_is_deleted_whatever_happens(address: str, temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_locally(address):
        raise ZeroDivisionError
    assert list(temporary.iterdir()) == []


def test_a_copy_that_does_not_fit_is_refused_in_one_line(address: str, temporary: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, hard))
    try:
        with pytest.raises(RequestRefusedError, match="File too large") as told, open_locally(address):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "TMPDIR names another folder" in str(told.value)
    assert list(temporary.iterdir()) == []


def test_no_place_for_a_copy_is_refused(address: str, temporary: Path) -> None:
    temporary.rmdir()
    with pytest.raises(RequestRefusedError, match="can't be written below"), open_locally(address):
        pass


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("memory://nowhere/x.age", "memory:///nowhere/x.age isn't there"),
        ("memory://nowhere/", "add the name of a backup"),
        ("ftp://me:c4nary@127.0.0.1:1/x.age", "the place of the backups can't be used"),
    ],
)
def test_an_address_without_a_backup_is_refused_without_its_password(
    temporary: Path, place: str, said: str
) -> None:
    with pytest.raises(RequestRefusedError, match=said) as told, open_locally(place):
        pass
    assert "c4nary" not in str(told.value)
    assert list(temporary.iterdir()) == []
