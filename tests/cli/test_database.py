"""`rapport db verify`."""

import json
from io import StringIO

import pytest
from sqlalchemy import text

from db import migrate
from db.engine import Database
from tests.cli.conftest import Rapport


def test_a_database_as_it_should_be_and_one_that_somebody_changed(
    rapport: Rapport, database: Database
) -> None:
    assert "as this version made it" in rapport("db", "verify")
    assert json.loads(rapport("db", "verify", "--json")) == {"schema": [], "history": []}
    with database.transaction() as session:
        session.execute(text("drop index ix_contacts_birthday"))
        session.execute(text("alter table actions disable trigger action_moved"))
    code, out, err = rapport.code("db", "verify")
    assert (code, err) == (4, "")
    assert "the index contacts.ix_contacts_birthday is missing" in out
    code, out, _ = rapport.code("db", "verify", "--json")
    assert code == 4
    assert "is disabled" in json.loads(out)["schema"][1]


def test_going_back_needs_a_typed_yes(
    rapport: Rapport, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrate.list_revisions()
    assert known[0] in rapport.refused("migrate", "--to", "4711")
    monkeypatch.setattr("sys.stdin", StringIO("no\n"))
    code, _, err = rapport.code("migrate", "--to", known[-2])
    assert "not confirmed, so nothing was changed" in err
    assert (code, migrate.read_revision(database.engine)) == (1, known[-1])
    monkeypatch.setattr("sys.stdin", StringIO("yes\n"))
    assert f"from revision {known[-1]} to {known[-2]}" in rapport("migrate", "--to", known[-2])
    assert migrate.read_revision(database.engine) == known[-2]
    assert f"at revision {known[-1]}" in rapport("migrate", "--to", known[-1])


def test_migrating_leaves_tables_of_a_newer_version_alone_if_they_serve_this_one(
    rapport: Rapport, database: Database
) -> None:
    place = text("update alembic_version set version_num = '9998', serves_from = :newest")
    with database.transaction() as session:
        session.execute(place, {"newest": migrate.newest_revision()})
    assert "serve this one as well: nothing was changed" in rapport("migrate")
    assert migrate.read_revision(database.engine) == "9998"
