"""A backup that was cut off or altered is refused, wherever it was, and so is another key."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pyrage
import pytest
from pyrage import x25519
from sqlalchemy import text

from db.backup.contents import ABOUT, MANIFEST
from db.backup.dump import write_backup
from db.backup.envelope import decrypt, read_identity
from db.backup.errors import BackupDamagedError, BackupKeyError
from db.backup.load import check_unused, load_backup
from db.backup.unpack import Verified, verify_backup
from db.engine import Database
from tests.backup.conftest import Keys
from tests.builders import a_contact, an_account
from tests.servers import Servers
from worker.errors import RequestRefusedError


@pytest.fixture
def backup(unlimited: Database, keys: Keys, tmp_path: Path) -> Path:
    with unlimited.transaction() as session:
        account = an_account(session)
        for number in range(40):
            a_contact(session, account, f"person-{number}")
    path = tmp_path / "backup.age"
    with path.open("wb") as file:
        write_backup(unlimited, file, [keys.public])
    return path


def members(path: Path, keys: Keys) -> dict[str, bytes]:
    plain = gzip.decompress(pyrage.decrypt(path.read_bytes(), [keys.private]))
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        return {entry.name: (tar.extractfile(entry) or io.BytesIO()).read() for entry in tar}


def repack(path: Path, keys: Keys, content: dict[str, bytes]) -> None:
    """Write a backup of these members, as somebody could who has the public key."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, each in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(each)
            tar.addfile(entry, io.BytesIO(each))
    recipient = x25519.Recipient.from_str(keys.public)
    path.write_bytes(pyrage.encrypt(gzip.compress(plain.getvalue()), [recipient]))


@pytest.mark.parametrize("part", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_ends_too_early_is_refused(backup: Path, keys: Keys, part: float) -> None:
    whole = backup.read_bytes()
    backup.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(BackupDamagedError):
        verify_backup(backup, keys.private)


@pytest.mark.parametrize("place", [0, 30, 150, -2000, -20, -1])
def test_a_file_with_another_byte_is_refused(backup: Path, keys: Keys, place: int) -> None:
    content = bytearray(backup.read_bytes())
    content[place] ^= 1
    backup.write_bytes(content)
    with pytest.raises((BackupDamagedError, BackupKeyError)):
        verify_backup(backup, keys.private)


def test_more_bytes_behind_the_end_are_refused(backup: Path, keys: Keys) -> None:
    backup.write_bytes(backup.read_bytes() + b"x")
    with pytest.raises(BackupDamagedError):
        verify_backup(backup, keys.private)


def test_another_key_is_named_as_the_reason(backup: Path) -> None:
    with pytest.raises(BackupKeyError, match="another one"):
        verify_backup(backup, x25519.Identity.generate())


def change_rows(content: dict[str, bytes]) -> dict[str, bytes]:
    name = "tables/contacts/000000.copy"
    return {**content, name: content[name].replace(b"person-3", b"person-4", 1)}


def drop_a_row(content: dict[str, bytes]) -> dict[str, bytes]:
    name = "tables/contacts/000000.copy"
    return {**content, name: content[name].partition(b"\n")[2]}


def drop_a_table(content: dict[str, bytes]) -> dict[str, bytes]:
    return {name: each for name, each in content.items() if not name.startswith("tables/contacts/")}


def add_a_table(content: dict[str, bytes]) -> dict[str, bytes]:
    return {ABOUT: content[ABOUT], "tables/more/000000.copy": b"1\n", **content}


def drop_the_list(content: dict[str, bytes]) -> dict[str, bytes]:
    return {name: each for name, each in content.items() if name != MANIFEST}


def drop_the_beginning(content: dict[str, bytes]) -> dict[str, bytes]:
    return {name: each for name, each in content.items() if name != ABOUT}


def add_behind_the_list(content: dict[str, bytes]) -> dict[str, bytes]:
    return {**content, "tables/contacts/000001.copy": b"1\n"}


def name_a_path_outside(content: dict[str, bytes]) -> dict[str, bytes]:
    manifest = json.loads(content[MANIFEST])
    manifest["evidence"] = [{"name": "../../.ssh/x", "bytes": 0, "sha256": "0" * 64}]
    return {**content, MANIFEST: json.dumps(manifest).encode()}


@pytest.mark.parametrize(
    "alter",
    [
        change_rows, drop_a_row, drop_a_table, add_a_table, drop_the_list, drop_the_beginning,
        add_behind_the_list, name_a_path_outside,
    ],
)  # fmt: skip
def test_what_is_not_what_the_list_says_is_refused(
    backup: Path, keys: Keys, alter: Callable[[dict[str, bytes]], dict[str, bytes]]
) -> None:
    repack(backup, keys, members(backup, keys))
    verify_backup(backup, keys.private)
    repack(backup, keys, alter(members(backup, keys)))
    with pytest.raises(BackupDamagedError):
        verify_backup(backup, keys.private)


@pytest.mark.parametrize(("field", "value"), [("format", 2), ("revision", "9999")])
def test_a_backup_of_another_version_is_refused_with_what_to_do(
    backup: Path, keys: Keys, empty: Database, field: str, value: object
) -> None:
    content = members(backup, keys)
    about = json.loads(content[ABOUT]) | {field: value}
    repack(backup, keys, {**content, ABOUT: json.dumps(about).encode()})

    def restore() -> None:
        verified = verify_backup(backup, keys.private)
        load(empty, backup, keys, verified)

    with pytest.raises(RequestRefusedError, match="newer"):
        restore()
    assert tables_of(empty) == 0


def test_a_file_that_is_no_backup_is_refused(tmp_path: Path, keys: Keys) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"not one")
    with pytest.raises(BackupDamagedError, match="no backup"):
        verify_backup(path, keys.private)
    with pytest.raises(RequestRefusedError, match="can't be read"):
        verify_backup(tmp_path / "nothing", keys.private)


def load(database: Database, path: Path, keys: Keys, verified: Verified) -> None:
    load_backup(database.engine, path, keys.private, verified, can_open={}, without_keys=True, by="tests")


def tables_of(database: Database) -> int:
    with database.transaction() as session:
        found = session.scalar(text("select count(*) from pg_tables where schemaname = 'public'"))
        assert isinstance(found, int)
        return found


def test_a_database_in_use_is_never_filled(backup: Path, keys: Keys, unlimited: Database) -> None:
    verified = verify_backup(backup, keys.private)
    with pytest.raises(RequestRefusedError, match="rows in accounts"):
        load(unlimited, backup, keys, verified)
    with pytest.raises(RequestRefusedError, match="in use"):
        check_unused(unlimited.engine)


def test_a_file_that_changes_meanwhile_leaves_nothing(backup: Path, keys: Keys, empty: Database) -> None:
    """Between the check and the restoration. Then another try succeeds."""
    whole = backup.read_bytes()
    verified = verify_backup(backup, keys.private)
    repack(backup, keys, change_rows(members(backup, keys)))
    with pytest.raises(BackupDamagedError):
        load(empty, backup, keys, verified)
    with empty.transaction() as session:
        assert session.scalar(text("select count(*) from accounts")) == 0
    backup.write_bytes(whole)
    load(empty, backup, keys, verified)
    with empty.transaction() as session:
        assert session.scalar(text("select count(*) from contacts")) == 40


def test_another_whole_backup_in_its_place_is_not_restored(
    backup: Path, keys: Keys, unlimited: Database, empty: Database
) -> None:
    verified = verify_backup(backup, keys.private)
    with unlimited.transaction() as session:
        session.execute(text("delete from contacts"))
    with backup.open("wb") as file:
        write_backup(unlimited, file, [keys.public])
    with pytest.raises(BackupDamagedError, match="another one than a moment ago"):
        load(empty, backup, keys, verified)
    with empty.transaction() as session:
        assert session.scalar(text("select count(*) from accounts")) == 0


def test_the_end_counts_also_if_nobody_has_read_to_it(keys: Keys) -> None:
    content = bytearray(pyrage.encrypt(bytes(1_000_000), [x25519.Recipient.from_str(keys.public)]))
    content[-1] ^= 1

    def read_the_beginning() -> None:
        with decrypt(io.BytesIO(content), keys.private) as stream:
            stream.read(10)

    with pytest.raises(BackupDamagedError, match="cut off or altered"):
        read_the_beginning()


def test_keys_that_do_not_decrypt_are_named_and_nothing_is_restored(
    unlimited: Database, empty: Database, keys: Keys, tmp_path: Path
) -> None:
    with unlimited.transaction() as session:
        account = an_account(session)
        session.execute(text("update accounts set session = 'sealed' where id = :id"), {"id": account.id})
        session.execute(
            text("insert into key_fingerprints (variable, fingerprint) values ('RAPPORT_SECRET_KEYS', :one)"),
            {"one": "0123456789abcdef"},
        )
    path = tmp_path / "backup.age"
    with path.open("wb") as file:
        write_backup(unlimited, file, [keys.public])
    verified = verify_backup(path, keys.private)
    assert verified.about.keys == {"RAPPORT_SECRET_KEYS": ("0123456789abcdef",)}
    with pytest.raises(RequestRefusedError, match=r"session of account demo .*0123456789abcdef"):
        load_backup(
            empty.engine, path, keys.private, verified, by="tests",
            can_open={"RAPPORT_SECRET_KEYS": lambda _: False}, without_keys=False,
        )  # fmt: skip
    with empty.transaction() as session:
        assert session.scalar(text("select count(*) from accounts")) == 0
    load_backup(
        empty.engine, path, keys.private, verified, by="tests",
        can_open={"RAPPORT_SECRET_KEYS": lambda sealed: sealed == b"sealed"}, without_keys=False,
    )  # fmt: skip


def test_a_role_that_may_not_make_tables_is_refused(
    backup: Path, keys: Keys, empty_url: str, servers: Servers
) -> None:
    url = urlsplit(servers.app_url)._replace(path=urlsplit(empty_url).path).geturl()
    verified = verify_backup(backup, keys.private)
    with (
        closing(Database(url, application_name="tests")) as database,
        pytest.raises(RequestRefusedError, match="owner of the tables: InsufficientPrivilege"),
    ):
        load(database, backup, keys, verified)


def test_an_error_quotes_no_row(backup: Path, keys: Keys, empty: Database) -> None:
    """Postgres quotes the row that it refuses, and rows have names and texts."""
    content = members(backup, keys)
    name = "tables/contacts/000000.copy"
    manifest = json.loads(content[MANIFEST])
    content[name] = content[name].replace(b"person-3", b"person-4")
    entry = next(each for each in manifest["tables"] if each["name"] == "contacts")
    entry["sha256"] = hashlib.sha256(content[name]).hexdigest()
    repack(backup, keys, {**content, MANIFEST: json.dumps(manifest).encode()})
    verified = verify_backup(backup, keys.private)
    with pytest.raises(RequestRefusedError) as told:
        load(empty, backup, keys, verified)
    assert "UniqueViolation" in str(told.value)
    assert "person" not in str(told.value)


def test_a_file_without_a_private_key_is_refused_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("# a comment\nAGE-SECRET-KEY-1NOTREALLY\n")
    with pytest.raises(BackupKeyError) as told:
        read_identity(path)
    assert "NOTREALLY" not in str(told.value)
    with pytest.raises(BackupKeyError, match="can't be read"):
        read_identity(tmp_path / "nothing")
