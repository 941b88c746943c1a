"""`rapport keys`: add, list, rotate and revoke keys of the HTTP API."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from db.engine import Database
from db.store import api_keys, audit
from db.tables import ApiKey
from tests.cli.conftest import Rapport
from worker.rules.api_keys import parse_key


def row_of(database: Database, name: str = "crm") -> ApiKey:
    with database.transaction() as session:
        return session.scalars(select(ApiKey).where(ApiKey.name == name)).one()


def test_a_key_from_adding_to_revoking(rapport: Rapport, database: Database) -> None:
    added = rapport("keys", "add", "crm", "--scope", "read", "--scope", "control", "--expires", "90d").strip()
    parsed = parse_key(added)
    assert parsed is not None
    first = row_of(database)
    assert (first.public_id, len(first.secret_hash)) == (parsed[0], 32)
    assert parsed[1].encode() not in first.secret_hash
    assert first.expires_at is not None
    assert first.expires_at - first.created_at == timedelta(days=90)
    issued = json.loads(rapport("keys", "rotate", "crm", "--json"))
    second = row_of(database)
    assert issued["key"] != added
    assert (second.public_id, second.former_hash) == (first.public_id, first.secret_hash)
    assert (second.former_until, second.rotated_at) != (None, None)
    assert second.former_until - second.rotated_at == timedelta(hours=24)  # type: ignore[operator]
    (shown,) = json.loads(rapport("keys", "list", "--json"))
    assert (shown["name"], shown["state"], shown["scopes"]) == ("crm", "active", ["control", "read"])
    listed = rapport("keys", "list") + json.dumps(shown)
    assert parsed[0] in listed
    assert not any(text in listed for text in (parsed[1], first.secret_hash.hex(), "secret_hash"))
    rapport("keys", "rotate", "crm", "--now", "--expires", "7d")
    third = row_of(database)
    assert (third.former_hash, third.former_until) == (None, None)
    assert third.expires_at - third.rotated_at == timedelta(days=7)  # type: ignore[operator]
    assert rapport("keys", "revoke", "crm").strip() == "crm is revoked"
    assert rapport("keys", "revoke", "crm").strip() == "crm was revoked before"
    assert json.loads(rapport("keys", "list", "--json"))[0]["state"] == "revoked"
    assert "is revoked" in rapport.refused("keys", "rotate", "crm")
    with database.transaction() as session:
        told = [(each.by, each.change, each.about) for each in audit.list_changes(session)]
    assert told == [("ops@host", f"key.{verb}", "crm") for verb in ("revoke", "rotate", "rotate", "add")]
    assert parsed[1] not in repr(told)


def test_a_name_says_who_did_something_and_is_given_once(rapport: Rapport) -> None:
    rapport("users", "add", "ann")
    assert "a user of the console is called 'ann'" in rapport.refused("keys", "add", "ann", "--scope", "read")
    rapport("keys", "add", "crm", "--scope", "admin")
    assert "exists already" in rapport.refused("keys", "add", "crm", "--scope", "read")
    rapport("keys", "revoke", "crm")
    assert "its name stays with what it did" in rapport.refused("keys", "add", "crm", "--scope", "read")
    for taken in ("crm", "api"):
        assert "a key of the HTTP API is called" in rapport.refused("users", "add", taken)
    assert "RAPPORT_API_KEY" in rapport.refused("keys", "add", "api", "--scope", "read")
    assert "console's first user" in rapport.refused("keys", "add", "owner", "--scope", "read")
    assert "crm" in rapport.refused("keys", "revoke", "cmr")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("add", "Big", "--scope", "read"), "can't be a key's name"),
        (("add", "crm", "--scope", "write"), "'write' is no scope: give one or more of read"),
        (("add", "crm", "--scope", "read", "--expires", "90"), "such as 90d"),
        (("add", "crm", "--scope", "read", "--expires", "0d"), "such as 90d"),
        (("add", "crm", "--scope", "read", "--expires", "9999999d"), "at most 3650d"),
        (("rotate", "crm", "--overlap", "31d"), "at most 30d"),
        (("rotate", "crm", "--overlap", "1h", "--now"), "contradict"),
    ],
)
def test_what_is_no_key_is_refused_in_one_line(rapport: Rapport, given: tuple[str, ...], why: str) -> None:
    assert why in rapport.refused("keys", *given)


def test_an_expired_key_is_rotated_only_with_more_time(rapport: Rapport, database: Database) -> None:
    rapport("keys", "add", "crm", "--scope", "read,control", "--expires", "1d")
    with database.transaction() as session:
        row = session.scalars(select(ApiKey)).one()
        row.created_at, row.expires_at = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)
    assert json.loads(rapport("keys", "list", "--json"))[0]["state"] == "expired"
    assert "has expired" in rapport.refused("keys", "rotate", "crm")
    rapport("keys", "rotate", "crm", "--expires", "1d")
    with database.transaction() as session:
        assert api_keys.get_key(session, "crm").state == "active"
