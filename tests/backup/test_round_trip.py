"""What was backed up is there again, in an empty database, and nothing else."""

import gzip
import io
import tarfile
from pathlib import Path

import pyrage
from sqlalchemy import text

from db import migrate
from db.backup.dump import Written, write_backup
from db.backup.load import load_backup
from db.backup.unpack import verify_backup
from db.engine import Database
from db.tables import Base
from tests.backup.conftest import Keys

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
        empty.engine, path, keys.private, verified, can_open={}, without_keys=True, by="tests"
    )
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
