"""V1's file is read together with its write-ahead log and never written to; errors say what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from db.imports.v1 import file
from worker.errors import RequestRefusedError


def make(path: Path, *, wal: bool = False) -> sqlite3.Connection:
    """A file with one contact, held open as V1 holds it."""
    connection = sqlite3.connect(path, isolation_level=None)
    if wal:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma wal_autocheckpoint = 0")
    connection.execute("create table contacts (name, linkedin_url)")
    connection.execute("insert into contacts values ('Ann', 'linkedin.com/in/ann')")
    return connection


def beside(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def names(path: Path) -> list[object]:
    return [row["name"] for row in file.read_v1_file(path).tables["contacts"]]


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "V1's #1"
    folder.mkdir()
    yield folder / "linkedin automation?.db"
    folder.chmod(0o700)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("wal", [True, False])
def test_what_is_in_the_log_is_read_and_nothing_is_written_beside(
    path: Path, wal: bool, closed: bool
) -> None:
    with closing(make(path, wal=wal)) as v1:
        if closed:
            v1.close()
        before = beside(path)
        assert names(path) == ["Ann"]
        assert beside(path) == before


def test_a_log_that_a_crash_left_is_read_too(path: Path) -> None:
    with closing(make(path, wal=True)):
        left = beside(path)
    for name, content in left.items():
        if not name.endswith("-shm"):
            path.with_name(name).write_bytes(content)
    before = beside(path)
    assert names(path) == ["Ann"]
    assert beside(path) == before


def test_a_file_and_folder_that_may_only_be_read(path: Path) -> None:
    make(path).close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    assert names(path) == ["Ann"]


def test_a_locked_file_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "_WAIT_FOR_LOCK_SECONDS", 0)
    with closing(make(path)) as v1:
        v1.execute("begin exclusive")
        with pytest.raises(RequestRefusedError, match="locked by another program: stop V1"):
            file.read_v1_file(path)


def test_a_change_that_a_crash_left_unfinished_is_refused(path: Path) -> None:
    with closing(make(path)) as v1:
        v1.execute("pragma cache_size = 1")
        v1.execute("begin")
        v1.execute("update contacts set name = 'Bob'")
        rows = [("x" * 900,)] * 200
        v1.executemany("insert into contacts (name) values (?)", rows)  # more than fits into the cache
        left = beside(path)
    for name, content in left.items():
        path.with_name(name).write_bytes(content)
    before = beside(path)
    with pytest.raises(RequestRefusedError, match="a change that V1 did not finish"):
        file.read_v1_file(path)
    assert beside(path) == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "isn't an SQLite file"),
        (b"First Name,Last Name\n", "isn't an SQLite file"),
        (b"SQLite format 3\0" + b"\1" * 4096, "is damaged"),
    ],
)
def test_what_is_no_file_of_v1(path: Path, content: bytes, says: str) -> None:
    path.write_bytes(content)
    with pytest.raises(RequestRefusedError, match=says):
        file.read_v1_file(path)


def test_a_file_that_is_not_there_or_a_folder(path: Path) -> None:
    with pytest.raises(RequestRefusedError, match="No such file"):
        file.read_v1_file(path)
    with pytest.raises(RequestRefusedError, match="Is a directory"):
        file.read_v1_file(path.parent)


def test_a_sqlite_file_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table bookmarks (url)")
    with pytest.raises(RequestRefusedError, match="none of V1's tables"):
        file.read_v1_file(path)


def test_only_known_columns_are_asked_for_and_a_row_without_one_is_a_row(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table Contacts (Name, smtp_password)")
        connection.execute("insert into Contacts values ('Ann', 'hunter2')")
        connection.execute("create table blacklist (other)")
        connection.execute("insert into blacklist values (1), (2)")
        connection.execute('create table "not""ours" (smtp_password)')
    told = file.read_v1_file(path)
    assert told.tables == {"contacts": [{"name": "Ann"}], "blacklist": [{}, {}]}
    assert told.other_tables == {'not"ours': 0}
    asked = {column for columns in file.IMPORTED_COLUMNS.values() for column in columns}
    assert not {column for column in asked if "password" in column or "smtp" in column}


def test_text_that_is_no_utf8_is_read_with_a_mark(path: Path) -> None:
    with closing(make(path)) as connection:
        connection.execute("update contacts set name = cast(x'416eff' as text)")
    assert names(path) == ["An\N{REPLACEMENT CHARACTER}"]
