"""`rapport import v1`, and adding the account that it needs."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from db.engine import Database
from db.store.imports import runs
from db.tables import Account, Contact, Import, Interaction
from tests.cli.conftest import Rapport
from tests.imports.v1.messy_v1 import messy_v1
from tests.imports.v1.v1_helpers import SAMPLE, dump


def typed(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))


@pytest.fixture
def ann(rapport: Rapport, environment: pytest.MonkeyPatch) -> str:
    typed(environment, "yes\n")
    rapport("account", "add", "ann", "--site", "linkedin", "--time-zone", "Europe/Paris")
    return "ann"


def test_an_account_of_linkedin_asks_for_a_typed_yes(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    for answer in ("", "\n", "y\n", "YES\n", "no\n"):
        typed(environment, answer)
        code, out, err = rapport.code("account", "add", "ann", "--site", "linkedin")
        assert code == 1
        assert "forbids software that automates" in out
        assert "not confirmed, so no account was added" in err
    with database.transaction() as session:
        assert session.scalars(select(func.count(Account.id))).one() == 0
    typed(environment, "yes\n")
    said = rapport("account", "add", "ann", "--site", "linkedin")
    for part in ("yours to risk", "never tried it on the live site", "nothing is sent before", "a third"):
        assert part in said
    assert "rapport account sign-in ann" in said
    typed(environment, "")
    assert "account ann is on linkedin" in rapport(
        "account", "add", "ann", "--site", "linkedin", "--time-zone", "Europe/Paris"
    )


def test_an_account_of_linkedin_warms_up_under_the_hard_ceilings(rapport: Rapport, ann: str) -> None:
    greet = json.loads(rapport("quota", "show", ann, "--json"))
    assert "linkedin" in json.dumps(greet)
    assert " 5 left  of     5" in rapport("quota", "show", ann)  # a third of 15
    assert "hard ceiling of 30" in rapport.refused(
        "quota", "set", ann, "greet", "--per-day", "31", "--per-week", "60"
    )
    assert "can't change its site" in rapport.refused("account", "add", ann, "--site", "sandbox")
    assert "unknown site 'myspace'" in rapport.refused("account", "add", "bob", "--site", "myspace")


def test_the_report_accounts_for_every_row_and_says_how_to_take_it_back(
    database: Database, rapport: Rapport, ann: str, tmp_path: Path
) -> None:
    messy = messy_v1(tmp_path / "v1.db")
    said = rapport("import", "v1", str(messy.path), "--account", ann)
    for part in (
        "already here",
        "it has no profile address (row ",
        "errors (2), linkedin_selectors (",
    ):
        assert part in said
    assert "hunter2" not in said
    assert "to undo it: `rapport import undo 1" in said
    with database.transaction() as session:
        (kept,) = runs.list_imports(session)
        assert (kept.account, kept.source, kept.file_name, kept.started_by) == (
            "ann",
            "v1",
            "v1.db",
            "ops@host",
        )
        assert kept.finished_at is not None
        for table, told in kept.report.items():
            assert told["read"] == sum(told[key] for key in ("new", "changed", "same", "refused")), table
            with closing(sqlite3.connect(messy.path)) as connection:
                (there,) = connection.execute(f"select count(*) from {table}").fetchone()
            assert told["read"] == there


def test_a_dry_run_says_the_same_and_changes_nothing(database: Database, rapport: Rapport, ann: str) -> None:
    with database.transaction() as session:
        before = dump(session)
    dry = rapport("import", "v1", str(SAMPLE), "--account", ann, "--dry-run")
    assert "a dry run: nothing was changed" in dry
    with database.transaction() as session:
        assert dump(session) == before
        assert session.scalars(select(func.count(Import.id))).one() == 0
    real = rapport("import", "v1", str(SAMPLE), "--account", ann)
    assert real.split("import ", maxsplit=1)[0] == dry.split("a dry run", maxsplit=1)[0]


def test_a_second_run_finds_everything_here_and_leaves_nothing_to_undo(
    database: Database, rapport: Rapport, ann: str
) -> None:
    rapport("import", "v1", str(SAMPLE), "--account", ann)
    with database.transaction() as session:
        before = dump(session)
    said = rapport("import", "v1", str(SAMPLE), "--account", ann)
    assert "everything was already here" in said
    with database.transaction() as session:
        assert dump(session) == before
        assert session.scalars(select(func.count(Import.id))).one() == 1


def test_messages_that_the_quota_cant_count_are_told(
    database: Database, rapport: Rapport, ann: str, tmp_path: Path
) -> None:
    path = tmp_path / "v1.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table birthday_messages (contact_name, sent_at)")
        connection.execute("insert into birthday_messages values ('Ann', datetime('now', '-1 day'))")
        connection.execute("insert into birthday_messages values ('Bob', datetime('now', '-9 day'))")
    assert "1 messages of the last 7 days" in rapport("import", "v1", str(path), "--account", ann)
    with database.transaction() as session:
        assert session.scalars(select(func.count(Interaction.id))).one() == 0


def test_what_cant_be_read_is_refused_in_one_line(
    database: Database, rapport: Rapport, ann: str, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.db"
    assert "No such file" in rapport.refused("import", "v1", str(nothing), "--account", ann)
    nothing.write_text("no database")
    assert "isn't an SQLite file" in rapport.refused("import", "v1", str(nothing), "--account", ann)
    assert "no account called 'bob'" in rapport.refused("import", "v1", str(SAMPLE), "--account", "bob")
    rapport("account", "add", "demo")
    assert "--site linkedin" in rapport.refused("import", "v1", str(SAMPLE), "--account", "demo")
    with database.transaction() as session:
        assert session.scalars(select(func.count(Contact.id))).one() == 0
