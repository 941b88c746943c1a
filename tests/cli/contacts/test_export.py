"""`rapport export`: complete and private files, and pipes that are closed early."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import psycopg
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from db.engine import Database
from tests.builders import a_contact, an_account
from tests.cli.conftest import Rapport
from tests.cluster import untraced

PROCESS = (sys.executable, "-m", "api_stub.cli", "export")


@pytest.fixture
def people(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("ann", "bob"):
            a_contact(session, account, slug)


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*PROCESS, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=untraced()
    )


def names(text_of_csv: str) -> Sequence[str]:
    return [row["full_name"] for row in csv.DictReader(io.StringIO(text_of_csv.removeprefix("\ufeff")))]


def test_a_file_is_for_its_owner_alone_and_is_never_replaced_unasked(
    rapport: Rapport, people: None, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    assert rapport("export", "contacts", "--output", str(file)) == (
        f"2 contacts are in {file}; only you can read it\n"
    )
    assert names(file.read_text("utf-8-sig")) == ["Ann", "Bob"]
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("mine")
    assert "already exists" in rapport.refused("export", "contacts", "--output", str(file))
    assert file.read_text() == "mine"
    rapport("export", "interactions", "--format", "jsonl", "-o", str(file), "--force")
    assert file.read_text() == ""
    assert list(tmp_path.iterdir()) == [file]


def test_the_standard_output_gets_the_rows_and_nothing_else(rapport: Rapport, people: None) -> None:
    assert names(rapport("export", "contacts")) == ["Ann", "Bob"]
    lines = rapport("export", "contacts", "--format", "jsonl", "--account", "demo").splitlines()
    assert [json.loads(line)["full_name"] for line in lines] == ["Ann", "Bob"]


def test_what_can_t_be_written_is_said_and_leaves_nothing(
    rapport: Rapport, people: None, tmp_path: Path
) -> None:
    file = tmp_path / "x.csv"
    unknown = rapport.refused("export", "contacts", "--account", "nobody", "-o", str(file))
    assert "no account called 'nobody'" in unknown
    assert "is not a file" in rapport.refused("export", "contacts", "-o", str(tmp_path), "--force")
    assert "is not a file" in rapport.refused("export", "contacts", "-o", os.devnull, "--force")
    nowhere = rapport.refused("export", "contacts", "-o", str(tmp_path / "no" / "x.csv"))
    assert "can't be written: No such file or directory" in nowhere
    assert list(tmp_path.iterdir()) == []


def test_parquet_is_not_for_terminals(
    rapport: Rapport, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "name a file with --output" in rapport.refused("export", "contacts", "--format", "parquet")
    assert names(rapport("export", "contacts")) == ["Ann", "Bob"]


def test_parquet_goes_through_a_pipe(environment: pytest.MonkeyPatch, people: None) -> None:
    out, err = start("contacts", "--format", "parquet").communicate(timeout=60)
    assert pq.read_table(io.BytesIO(out)).column("full_name").to_pylist() == ["Ann", "Bob"]
    assert err == b""


def test_a_reader_who_leaves_ends_it_quietly(environment: pytest.MonkeyPatch, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        session.execute(
            text(
                "insert into contacts (account_id, profile_url, full_name)"
                " select :id, 'https://sandbox.test/in/' || n, repeat('x', 500)"
                " from generate_series(1, 5000) n"
            ),
            {"id": account.id},
        )
    with start("contacts") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_a_fault_on_the_way_leaves_the_former_file_and_no_other(
    rapport: Rapport, people: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("the former")

    def full(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("db.exports.formats.Format.open_writer", full)
    said = rapport.refused("export", "contacts", "-o", str(file), "--force")
    assert said == f"{file} can't be written: No space left on device"
    assert file.read_text() == "the former"
    assert list(tmp_path.iterdir()) == [file]


HALF = """
import sys
from pathlib import Path
from typing import NoReturn
from db.exports.atomic_file import open_atomic_file
with open_atomic_file(Path(sys.argv[1]), replace=False) as file:
    file.write(b"half")
    file.flush()
    print("half", flush=True)
    sys.stdin.read()
"""


def test_killed_in_mid_write_there_is_no_file(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    command = [sys.executable, "-c", HALF, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.kill()
    assert not file.exists()
    [left] = tmp_path.iterdir()
    assert left.name.startswith(".rapport-export-")


@pytest.fixture
def heeds_hangups() -> Iterator[None]:
    """Restore the default action of SIGHUP, which nohup makes a process and its children ignore."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("heeds_hangups", "people")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGHUP,
        *(pytest.param(each, marks=pytest.mark.soak) for each in (signal.SIGTERM, signal.SIGINT)),
    ],
)
def test_asked_to_end_it_leaves_nothing_at_all(
    environment: pytest.MonkeyPatch,
    database_url: str,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    with psycopg.connect(database_url) as lock, psycopg.connect(database_url, autocommit=True) as looks:
        lock.execute("lock table contacts in access exclusive mode")
        with start("contacts", "-o", str(tmp_path / "people.csv")) as process:
            waiting = (
                "select from pg_stat_activity where application_name ~ 'cli' and wait_event_type = 'Lock'"
            )
            while not looks.execute(waiting).fetchall():
                assert process.poll() is None
            process.send_signal(number)
            assert process.wait(60) == 130
    assert list(tmp_path.iterdir()) == []
