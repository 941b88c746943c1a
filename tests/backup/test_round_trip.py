"""What was backed up is there again, in an empty database, and nothing else."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pyrage
import pytest
from sqlalchemy import text

from db import migrate
from db.backup.dump import Written, write_backup
from db.backup.load import load_backup
from db.backup.unpack import verify_backup
from db.engine import Database
from db.role_names import APP
from db.tables import Base
from tests.backup.conftest import Keys
from tests.builders import a_contact, an_account
from tests.servers import Servers
from worker.errors import RequestRefusedError

CHANGED = {
    "restores", "changes", "kill_switch", "quota_epochs", "recent_changes",
    "console_sessions", "console_links", "approval_links",
}  # fmt: skip
"""What the restoration itself writes or ends."""


def rows(database: Database) -> dict[str, list[str]]:
    with database.transaction() as session:
        return {
            table.name: list(session.scalars(text(f"select t::text from {table.name} t order by 1")))
            for table in Base.metadata.sorted_tables
        }


def make(database: Database, keys: Keys, path: Path) -> Written:
    with path.open("wb") as file:
        return write_backup(database, file, [keys.public])


def test_every_row_is_there_again(filled: Database, empty: Database, keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "a.age"
    written = make(filled, keys, path)
    verified = verify_backup(path, keys.private)
    assert (verified.about, verified.manifest) == (written.about, written.manifest)
    restored = load_backup(
        empty.engine, path, keys.private, verified, can_open={}, without_keys=True, by="tests",
        nothing_lost=True,
    )  # fmt: skip
    before, after = rows(filled), rows(empty)
    assert restored.rows == sum(map(len, before.values()))
    filled_tables = {name for name, found in before.items() if found}
    assert len(filled_tables) > 25
    for name in before.keys() - CHANGED:
        assert after[name] == before[name], name
    assert migrate.is_schema_current(empty.engine)


def test_ids_go_on_behind_those_that_may_have_been_given(
    filled: Database, empty: Database, keys: Keys, tmp_path: Path
) -> None:
    path = tmp_path / "a.age"
    make(filled, keys, path)
    verified = verify_backup(path, keys.private)
    load_backup(empty.engine, path, keys.private, verified, can_open={}, without_keys=True, by="tests")
    with empty.transaction() as session:
        highest = session.scalar(text("select max(id) from accounts"))
        session.execute(text("insert into accounts (name, site, time_zone) values ('new', 'x', 'UTC')"))
        given = session.scalar(text("select max(id) from accounts"))
    assert given is not None
    assert highest is not None
    assert given > highest + 500


def test_the_format_is_read_without_rapport(filled: Database, keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "a.age"
    written = make(filled, keys, path)
    plain = gzip.decompress(pyrage.decrypt(path.read_bytes(), [keys.private]))
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        names = tar.getnames()
    assert names[0] == "about.json"
    assert names[-1] == "manifest.json"
    assert "tables/contacts/000000.copy" in names
    assert written.manifest.rows > 30


@pytest.fixture
def without_the_keys(filled: Database, database_url: str, servers: Servers) -> Iterator[Database]:
    """The database for processes that may not read the keys of the HTTP API: a keeper has them."""
    url = urlsplit(servers.app_url)._replace(path=urlsplit(database_url).path).geturl()
    with filled.transaction() as session:
        session.execute(text(f"revoke select on api_keys from {APP}"))
    with closing(Database(url, application_name="tests", statement_timeout_ms=0)) as database:
        yield database
    with filled.transaction() as session:
        session.execute(text(f"grant select on api_keys to {APP}"))


def test_what_the_role_may_not_read_is_left_out_and_named(
    without_the_keys: Database, empty: Database, keys: Keys, tmp_path: Path
) -> None:
    path = tmp_path / "a.age"
    assert make(without_the_keys, keys, path).manifest.left_out == ("api_keys",)
    verified = verify_backup(path, keys.private)
    load_backup(empty.engine, path, keys.private, verified, can_open={}, without_keys=True, by="tests")
    restored = rows(empty)
    assert restored["api_keys"] == []
    assert restored["contacts"]


def test_a_database_of_another_version_is_not_backed_up(empty: Database, keys: Keys, tmp_path: Path) -> None:
    """Its tables are not known here: some would be missing without a word."""
    migrate.move_schema(empty.engine, "0047")
    with pytest.raises(RequestRefusedError, match="migrate"):
        make(empty, keys, tmp_path / "a.age")


def test_nothing_is_written_unencrypted(unlimited: Database, tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file, pytest.raises(RequestRefusedError, match="unencrypted"):
        write_backup(unlimited, file, [])
    assert (tmp_path / "a").read_bytes() == b""


def test_a_table_of_many_parts_is_one_again(
    unlimited: Database, empty: Database, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.backup.dump._PART_BYTES", 200)
    with unlimited.transaction() as session:
        account = an_account(session)
        for number in range(50):
            a_contact(session, account, f"person-{number}")
    path = tmp_path / "a.age"
    make(unlimited, keys, path)
    with tarfile.open(
        fileobj=io.BytesIO(gzip.decompress(pyrage.decrypt(path.read_bytes(), [keys.private])))
    ) as tar:
        assert sum(name.startswith("tables/contacts/") for name in tar.getnames()) > 10
    verified = verify_backup(path, keys.private)
    load_backup(empty.engine, path, keys.private, verified, can_open={}, without_keys=True, by="tests")
    assert rows(empty)["contacts"] == rows(unlimited)["contacts"]
