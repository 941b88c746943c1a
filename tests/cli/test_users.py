"""`rapport users` and `rapport audit changes`: who may open the console."""

import io
import json
import sys
from collections.abc import Callable

import pytest
import typer
from pydantic import SecretStr

from db.engine import Database
from db.store import audit
from db.store.console import users
from tests.cli.conftest import Rapport
from tests.console.entry.conftest import execute
from worker.passwords import verify_password

PASSWORD = "correct horse battery"

TypeIn = Callable[[str], None]


@pytest.fixture
def type_in(environment: pytest.MonkeyPatch) -> TypeIn:
    """Let these lines come from a pipe."""

    def pipe(given: str) -> None:
        environment.setattr(sys, "stdin", io.StringIO(given))

    return pipe


def stored(database: Database, name: str) -> str | None:
    with database.transaction() as session:
        found = users.find_password(session, name)
    return found[1] if found else None


def test_a_user_from_adding_to_removing(rapport: Rapport, database: Database, type_in: TypeIn) -> None:
    assert rapport("users", "add", "ann", "--role", "approver").startswith("ann is added as approver")
    assert "there is a user called 'ann' already" in rapport.refused("users", "add", "ann")
    type_in(f"{PASSWORD}\n")
    assert "new password" in rapport("users", "password", "ann")
    assert verify_password(SecretStr(PASSWORD), stored(database, "ann"))
    (shown,) = json.loads(rapport("users", "list", "--json"))
    assert (shown["name"], shown["role"], shown["has_password"]) == ("ann", "approver", True)
    assert "argon2" not in repr(shown)
    url = rapport("users", "link", "ann").strip()
    assert url.startswith("http://127.0.0.1:8000/enter/")
    rapport("users", "role", "ann", "owner")
    rapport("users", "language", "ann", "fr")
    rapport("users", "disable", "ann")
    assert "is disabled" in rapport.refused("users", "link", "ann")
    assert stored(database, "ann") is None
    rapport("users", "enable", "ann")
    assert "ann" in rapport("users", "list")
    assert "nobody is signed in" in rapport("users", "sessions")
    assert "without a typed yes" in rapport.code("users", "remove", "ann")[2]
    rapport("users", "remove", "ann", "--yes")
    assert "there is no user" in rapport.refused("users", "link", "ann")
    with database.transaction() as session:
        told = [(each.by, each.change, each.about) for each in audit.list_changes(session)]
    kinds = ("remove", "enable", "disable", "language", "role", "link", "password", "add")
    assert told == [("ops@host", f"user.{kind}", "ann") for kind in kinds]
    assert url.rpartition("/")[2] not in repr(told)
    listed = rapport("audit", "changes", "--about", "ann")
    assert listed.count("ops@host") == len(kinds)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("short", "at least 10 characters"),
        ("", "at least 10 characters"),
        ("x" * 201 + "abcde", "at most 200"),
        ("aaaaaaaaaaaa", "different"),
        ("annemarie123", "user's name"),
        ("ANNEMARIE123", "user's name"),
    ],
)
def test_a_weak_password_is_refused_and_not_repeated(
    rapport: Rapport, database: Database, type_in: TypeIn, given: str, why: str
) -> None:
    rapport("users", "add", "annemarie")
    type_in(f"{given}\n")
    said = rapport.refused("users", "password", "annemarie")
    assert why in said
    assert not given or given not in said
    assert stored(database, "annemarie") is None


def test_on_a_terminal_a_password_is_asked_for_twice_and_hidden(
    rapport: Rapport, database: Database, environment: pytest.MonkeyPatch
) -> None:
    rapport("users", "add", "ann")
    asked = []
    answers = iter([PASSWORD, PASSWORD + "x", PASSWORD, PASSWORD])

    def prompt(question: str, **options: object) -> str:
        asked.append((question, options["hide_input"]))
        return next(answers)

    environment.setattr("api_stub.cli.users.commands.is_interactive", lambda: True)
    environment.setattr(typer, "prompt", prompt)
    assert "the two differ" in rapport.refused("users", "password", "ann")
    assert stored(database, "ann") is None
    rapport("users", "password", "ann")
    assert verify_password(SecretStr(PASSWORD), stored(database, "ann"))
    assert asked == [("Password", True), ("The same again", True)] * 2


def test_a_password_typed_with_other_accents_is_the_same(
    rapport: Rapport, database: Database, type_in: TypeIn
) -> None:
    rapport("users", "add", "zoe")
    type_in("caf\u00e9 cr\u00e8me br\u00fbl\u00e9e\n")
    rapport("users", "password", "zoe")
    composed = "cafe\u0301 cre\u0300me bru\u0302le\u0301e"
    assert verify_password(SecretStr(composed), stored(database, "zoe"))


def test_sessions_are_listed_and_ended(rapport: Rapport, database: Database) -> None:
    for name in ("ann", "bob"):
        rapport("users", "add", name)
        execute(
            database,
            "insert into console_sessions (id, user_id, token_hash, address, browser, system) select "
            "gen_random_uuid(), id, sha256(name::bytea), '192.0.2.1', 'Firefox', 'Linux' from console_users "
            "where name = :name",
            name=name,
        )
    assert "Firefox on Linux" in rapport("users", "sessions")
    assert [each["user"] for each in json.loads(rapport("users", "sessions", "ann", "--json"))] == ["ann"]
    assert rapport("users", "sessions", "ann", "--end").startswith("1 browser is signed out")
    assert [each["user"] for each in json.loads(rapport("users", "sessions", "--json"))] == ["bob"]
    assert "there is no user" in rapport.refused("users", "sessions", "nobody")


def test_a_link_goes_to_the_public_address(rapport: Rapport, environment: pytest.MonkeyPatch) -> None:
    rapport("users", "add", "ann")
    environment.setenv("RAPPORT_PUBLIC_URL", "https://example.org/rapport")
    assert rapport("users", "link", "ann").startswith("https://example.org/rapport/enter/")
    assert json.loads(rapport("users", "link", "ann", "--json"))["user"] == "ann"
    environment.setenv("RAPPORT_CONSOLE", "off")
    assert "the console is off" in rapport.refused("users", "link", "ann")


@pytest.mark.parametrize("name", ["Ann", "", "a b", "-a", "a" * 41, "zoé", "a\n"])
def test_a_name_has_a_plain_form(rapport: Rapport, name: str) -> None:
    assert "can't be a user's name" in rapport.refused("users", "add", "--", name)
