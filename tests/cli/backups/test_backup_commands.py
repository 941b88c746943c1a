"""`rapport backup` and `rapport restore`, as a person types them."""

import gzip
import json
import signal
import tempfile
from pathlib import Path
from uuid import uuid4

import psycopg
import pyrage
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from api_stub.cli.backups.display import open_for_reading
from db import migrate
from db.backup.envelope import read_identity
from db.backup.targets import open_target
from db.engine import Database
from tests.builders import a_contact, an_account
from tests.cli.conftest import Rapport
from worker.secrets import Vault
from worker.settings import get_settings


@pytest.fixture
def key(rapport: Rapport, tmp_path: Path) -> tuple[str, str]:
    """The public key, and the file of the private one."""
    file = tmp_path / "backup.key"
    code, out, err = rapport.code("backup", "new-key", str(file))
    assert code == 0
    assert "Keep it elsewhere" in err
    return out.strip(), str(file)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@pytest.fixture
def known(database: Database, rapport: Rapport) -> None:
    """An account that is signed in, with one contact."""
    get_settings.cache_clear()  # of other tests
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "ann")
        vault = Vault(get_settings().required("secret_keys"))
        session.execute(
            text("update accounts set session = :sealed"), {"sealed": vault.seal("cookies of the account")}
        )


def make(rapport: Rapport, place: Path | str, key: tuple[str, str]) -> str:
    answer = json.loads(rapport("backup", "create", "--to", str(place), "--recipient", key[0], "--json"))
    return str(answer["file"])


def test_a_private_key_is_written_once_and_only_its_owner_can_read_it(
    rapport: Rapport, key: tuple[str, str]
) -> None:
    file = Path(key[1])
    assert file.stat().st_mode & 0o777 == 0o600
    assert key[0].startswith("age1")
    assert key[0] in file.read_text()
    assert "already exists" in rapport.refused("backup", "new-key", key[1])
    assert "isn't a folder" in rapport.refused("backup", "new-key", str(file.parent / "missing" / "key"))
    assert not (file.parent / "missing").exists()


@pytest.mark.usefixtures("known")
def test_a_backup_is_made_verified_and_listed(rapport: Rapport, place: Path, key: tuple[str, str]) -> None:
    file = make(rapport, place, key)
    plain = gzip.decompress(pyrage.decrypt(Path(file).read_bytes(), [read_identity(Path(key[1]))]))
    secrets = [get_settings().required(name).get_secret_value() for name in ("secret_keys", "notice_keys")]
    assert b"/ann/" in plain
    assert not [each for each in (*secrets, "cookies of the account") if each.encode() in plain]
    answer = json.loads(rapport("backup", "verify", file, "--key", key[1], "--json"))
    assert (answer["tables"]["accounts"], answer["tables"]["contacts"]) == (1, 1)
    assert answer["rows"] == sum(answer["tables"].values())
    assert "is whole" in rapport("backup", "verify", file, "--key", key[1])
    listed = json.loads(rapport("backup", "list", "--to", str(place), "--json"))
    assert [each["name"] for each in listed["backups"]] == [Path(file).name]
    assert "none are scheduled" in rapport("backup", "list", "--to", str(place))


def test_asked_to_end_a_command_deletes_its_copy_of_a_backup(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(tempfile, "tempdir", str(tmp_path))
    place = f"memory://backups-{uuid4().hex}"
    with open_target(place).create("backup.age") as file:
        file.write(b"content")
    with pytest.raises(KeyboardInterrupt), open_for_reading(f"{place}/backup.age"):
        signal.raise_signal(signal.SIGTERM)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_without_a_key_or_a_place(rapport: Rapport, place: Path) -> None:
    assert "--recipient" in rapport.refused("backup", "create", "--to", str(place))
    refused = rapport.refused("backup", "create", "--to", str(place), "--recipient", "age1nonsense")
    assert "isn't a public key" in refused
    assert list(place.iterdir()) == []


def test_a_plan_gives_what_create_was_not_told(rapport: Rapport, place: Path, key: tuple[str, str]) -> None:
    rapport("backup", "schedule", "--to", str(place), "--recipient", key[0], "--every-hours", "6")
    rapport("backup", "create")
    told = rapport("backup", "list")
    assert f"backups go to {place}, and 7 remain; none was made yet" in told
    assert "rapport-" in told
    assert "no more backups" in rapport("backup", "unschedule")
    assert "none were scheduled" in rapport("backup", "unschedule")


def test_a_plan_that_could_not_work_is_refused(rapport: Rapport, place: Path, key: tuple[str, str]) -> None:
    nowhere = rapport.refused("backup", "schedule", "--to", str(place / "x"), "--recipient", key[0])
    assert "isn't there" in nowhere
    assert "public key" in rapport.refused("backup", "schedule", "--to", str(place), "--recipient", "x")


@pytest.mark.usefixtures("known")
def test_a_backup_fills_an_empty_database_and_everything_waits_for_a_person(
    rapport: Rapport, place: Path, key: tuple[str, str], environment: pytest.MonkeyPatch, bare_url: str
) -> None:
    file = make(rapport, place, key)
    assert "in use" in rapport.refused("restore", file, "--key", key[1])
    assert "in use" in rapport.refused("restore", file, "--key", key[1], "--dry-run")
    environment.setenv("DATABASE_URL", bare_url)
    assert "nothing was changed" in rapport("restore", file, "--key", key[1], "--dry-run")
    with psycopg.connect(bare_url) as connection:
        assert connection.execute("select to_regclass('accounts')").fetchone() == (None,)
    told = rapport("restore", file, "--key", key[1])
    assert "rapport resume-everything" in told
    with psycopg.connect(bare_url) as connection:
        row = connection.execute(
            "select (select count(*) from contacts), (select pulled_by from kill_switch),"
            " (select restored_by from restores)"
        ).fetchone()
    assert row == (1, "restore by ops@host", "ops@host")
    assert "1 chain is intact" in rapport("audit", "verify")
    assert "restore" in rapport("audit", "changes")
    assert "in use" in rapport.refused("restore", file, "--key", key[1])


@pytest.mark.usefixtures("known")
def test_after_a_move_nothing_is_assumed_to_be_lost(
    rapport: Rapport, key: tuple[str, str], environment: pytest.MonkeyPatch, bare_url: str
) -> None:
    """With the backup at an address, as a move to another machine may need it."""
    place = f"memory://backups-{uuid4().hex}"
    file = make(rapport, place, key)
    [listed] = json.loads(rapport("backup", "list", "--to", place, "--json"))["backups"]
    told = rapport("backup", "verify", f"{place}/{listed['name']}", "--key", key[1])
    assert f"{file} is whole" in " ".join(told.split())
    environment.setenv("DATABASE_URL", bare_url)
    answer = json.loads(rapport("restore", file, "--key", key[1], "--nothing-sent-since", "--json"))
    assert (answer["done"], answer["file"]) == (True, file)
    with psycopg.connect(bare_url) as connection:
        row = connection.execute(
            "select (select count(*) from contacts), (select count(*) from kill_switch),"
            " (select count(*) from restores)"
        ).fetchone()
    assert row == (1, 1, 0)


@pytest.mark.usefixtures("known")
def test_other_keys_are_refused_before_anything_is_made_unless_they_are_lost(
    rapport: Rapport, place: Path, key: tuple[str, str], environment: pytest.MonkeyPatch, bare_url: str
) -> None:
    rapport("secrets", "rotate")
    file = make(rapport, place, key)
    environment.setenv("DATABASE_URL", bare_url)
    environment.setenv("RAPPORT_SECRET_KEYS", Fernet.generate_key().decode())
    refused = rapport.refused("restore", file, "--key", key[1])
    assert "RAPPORT_SECRET_KEYS" in refused
    assert "secrets.json" in refused
    assert "--without-keys" in refused
    assert "session of account demo" in rapport("restore", file, "--key", key[1], "--without-keys")


@pytest.mark.usefixtures("known")
def test_an_older_backup_is_brought_up_to_date(
    rapport: Rapport, place: Path, key: tuple[str, str], environment: pytest.MonkeyPatch, bare_url: str
) -> None:
    """A database of the revision before the plan of backups, which that version made a backup of."""
    old = Database(bare_url, application_name="tests")
    migrate.move_schema(old.engine, "0047")
    with old.transaction() as session:
        session.execute(text("insert into accounts (name, site, time_zone) values ('old', 'sandbox', 'UTC')"))
    environment.setenv("DATABASE_URL", bare_url)
    with environment.context() as patch:
        patch.setattr("db.backup.dump.is_schema_current", lambda _: True)
        patch.setattr("api_stub.cli.backups.commands.get_plan", lambda _: None)
        patch.setattr("db.backup.dump._Dump._may_read", lambda _, table: table != "backup_plan")
        file = make(rapport, place, key)
    old.close()
    with psycopg.connect(bare_url, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    assert "restored" in rapport("restore", file, "--key", key[1])
    new = Database(bare_url, application_name="tests")
    assert migrate.is_schema_current(new.engine)
    with new.transaction() as session:
        assert session.scalars(text("select name from accounts")).all() == ["old"]
    new.close()


@pytest.mark.usefixtures("known")
def test_a_migrated_database_that_nobody_has_used_is_filled_too(
    rapport: Rapport, place: Path, key: tuple[str, str], environment: pytest.MonkeyPatch, bare_url: str
) -> None:
    """As Compose makes it: `migrate` runs first, and idle processes write their rows."""
    file = make(rapport, place, key)
    environment.setenv("DATABASE_URL", bare_url)
    rapport("migrate")
    assert "restored" in rapport("restore", file, "--key", key[1])
