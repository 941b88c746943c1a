"""Subscriptions from the command line and in the night, with a real Radicale."""

import io
import json
import logging
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select, text

from api_stub.checks import servers
from api_stub.cli.screen import waiting
from db.engine import Database
from db.store import kill_switch
from db.store.imports import birthday_doubts, runs, subscriptions
from db.store.people import accounts
from db.tables import Contact, Subscription, SubscriptionEntry
from tasks import services as wiring
from tasks import sessions
from tasks import subscriptions as reading
from tasks.entry import imports, upkeep
from tasks.services import Services
from tasks.upkeep import subscriptions as tick
from tests.builders import a_contact, an_account, contact_by_slug
from tests.cli.conftest import Rapport
from tests.imports.subscriptions.radicale_server import PASSWORD, READING, USER, Radicale, card, run_radicale
from worker.errors import RequestRefusedError
from worker.rules.subscriptions.readings import ReadFailure
from worker.secrets import Vault
from worker.settings import get_settings

Night = Callable[[], list[int]]


@pytest.fixture
def radicale(tmp_path: Path) -> Iterator[Radicale]:
    """A server with an address book of three people. Nothing may ever be written to it."""
    with run_radicale(tmp_path) as server:
        people = (("Ann Lee", "ann", "1980-03-05"), ("Bob Roe", "bob", "--0306"), ("Cid", "cid", ""))
        for name, slug, born in people:
            (server.book / f"{slug}.vcf").write_text(card(name, slug, born))
        yield server
        assert {method for method, _ in server.seen} <= READING


@pytest.fixture(autouse=True)
def owner(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account; and commands on a busy machine say nothing of how long they wait."""
    monkeypatch.setattr(waiting, "_FIRST_LINE_S", 3600.0)
    with database.transaction() as session:
        an_account(session, zone="Europe/Paris")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a text what a script pipes into the command."""
    return lambda said: monkeypatch.setattr("sys.stdin", io.StringIO(said))


@pytest.fixture
def night(rapport: Rapport, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Night]:
    """Moves the time on by a day, and runs beat's tick and the tasks that it publishes; returns their ids."""
    get_settings.cache_clear()
    services = Services(get_settings())
    monkeypatch.setattr(wiring, "_services", [services])

    def pass_night() -> list[int]:
        asked: list[int] = []
        monkeypatch.setattr(
            tick, "publish_task", lambda _name, subscription_id: asked.append(subscription_id)
        )
        with database.transaction() as session:
            for table, columns in (
                ("subscriptions", ("next_at", "read_at", "failed_at", "requested_at")),
                ("subscription_entries", ("read_at",)),
            ):
                moved = ", ".join(f"{name} = {name} - interval '1 day'" for name in columns)
                session.execute(text(f"update {table} set {moved}"))
        upkeep.run_schedules()
        for each in asked:
            imports.read_source(subscription_id=each)
        return asked

    yield pass_night
    services.close()


@pytest.fixture
def subscribed(rapport: Rapport, radicale: Radicale, typed: Any) -> str:
    """The output of the first reading."""
    typed(f"{PASSWORD}\n")
    return rapport("import", "subscribe", radicale.url, "--account", "demo", "--user", USER)


def latest_report(database: Database) -> Any:
    with database.transaction() as session:
        return runs.list_imports(session)[0].report


def row(database: Database) -> Subscription:
    with database.transaction() as session:
        return session.scalars(select(Subscription)).one()


def test_subscribing_finds_the_address_book_and_imports_it(
    subscribed: str, rapport: Rapport, radicale: Radicale, database: Database
) -> None:
    assert f"My [b]people at {radicale.url}; it is read each night" in subscribed
    assert "3 entries read\n  people: 3 new, 0 changed, 0 unchanged" in subscribed
    listed = rapport("import", "subscriptions")
    assert "My [b]people" in listed
    assert radicale.url in listed
    assert f"{USER}/contacts" not in listed
    (line,) = json.loads(rapport("import", "subscriptions", "--json"))
    assert (line["entries"], line["failure"], line["kind"]) == (3, None, "carddav")
    assert f"My [b]people at {radicale.url}" in rapport("import", "list")
    local = row(database).next_at
    assert local is not None
    with database.transaction() as session:
        zone = accounts.list_accounts(session)[0].zone
    assert 2 <= local.astimezone(zone).hour <= 4


def test_a_reading_that_is_refused_can_be_tried_again_at_once(
    subscribed: str, rapport: Rapport, radicale: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RequestRefusedError("a worker is acting for Cid right now: try again in a minute")

    (radicale.book / "cid.vcf").write_text(card("Cid", "cid", "1990-07-01"))
    (line,) = json.loads(rapport("import", "subscriptions", "--json"))
    with monkeypatch.context() as acting:
        acting.setattr(reading, "import_file", refuse)
        for _ in range(2):
            assert "acting for Cid" in rapport.refused("import", "refresh", str(line["id"]))
    assert "1 changed" in rapport("import", "refresh", str(line["id"]))


def test_three_nights_with_changes_a_deletion_and_a_wrong_password(
    subscribed: str, night: Night, rapport: Rapport, radicale: Radicale, database: Database
) -> None:
    radicale.seen.clear()
    assert len(night()) == 1  # nothing changed
    assert [method for method, _ in radicale.seen] == ["PROPFIND"]
    assert len(json.loads(rapport("import", "list", "--json"))) == 1

    (radicale.book / "cid.vcf").write_text(card("Cid", "cid", "1990-07-01"))
    (radicale.book / "dan.vcf").write_text(card("Dan Poe", "dan", "--1224"))
    (radicale.book / "bob.vcf").unlink()
    radicale.seen.clear()
    night()
    assert radicale.count("REPORT") == 1
    report = latest_report(database)
    assert (report["read"], report["new"], report["changed"], report["gone"]) == (2, 1, 1, 1)
    assert report["gone_names"] == ["Bob Roe"]
    assert "new 1, changed 1, gone 1" in rapport("import", "list")
    with database.transaction() as session:
        account = accounts.list_accounts(session)[0]
        assert contact_by_slug(session, account, "bob").birth_month == 3
        assert contact_by_slug(session, account, "cid").birth_year == 1990

    radicale.set_password("another one")
    (radicale.book / "eve.vcf").write_text(card("Eve", "eve"))
    before = contacts(database)
    night()
    assert row(database).failure == ReadFailure.WRONG_PASSWORD
    assert contacts(database) == before
    for command in (("summary", "demo"), ("import", "subscriptions"), ("why", "demo")):
        assert "the server refused the user name or the password" in " ".join(rapport(*command).split())
    finding = servers.check_subscriptions(database)
    assert (finding.is_warning, "refused the user name" in finding.detail) == (True, True)

    radicale.set_password(PASSWORD)
    night()
    assert row(database).failure is None
    assert contacts(database) == before | {"Eve"}
    assert latest_report(database)["new"] == 1


def contacts(database: Database) -> set[str]:
    with database.transaction() as session:
        return set(session.scalars(select(Contact.full_name)))


def test_every_week_everything_is_read_again(
    subscribed: str, night: Night, radicale: Radicale, database: Database
) -> None:
    for _ in range(6):
        night()
    radicale.seen.clear()
    night()
    assert radicale.count("REPORT") == 1
    report = latest_report(database)
    assert (report["read"], report["same"]) == (3, 3)
    radicale.seen.clear()
    night()
    assert radicale.count("REPORT") == 0


def test_an_undone_import_stays_undone_until_a_person_reads_it_again(
    subscribed: str, night: Night, rapport: Rapport, database: Database
) -> None:
    with database.transaction() as session:
        import_id = runs.list_imports(session)[0].id
    undone = rapport("import", "undo", str(import_id))
    assert "3 people removed" in undone
    assert "would bring it back, so it is paused" in undone
    assert night() == []
    assert contacts(database) == set()
    assert "paused" in rapport("import", "subscriptions")
    number = str(row(database).id)
    assert "3 new" in rapport("import", "refresh", number)
    assert len(night()) == 1


def test_the_password_is_stored_encrypted_and_shown_nowhere(
    subscribed: str,
    database: Database,
    rapport: Rapport,
    radicale: Radicale,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    rapport("import", "refresh", str(row(database).id))
    radicale.set_password("another one")
    refused = rapport.refused("import", "refresh", str(row(database).id))
    assert "the server refused the user name or the password" in refused
    logged = "".join(each.getMessage() for each in caplog.records if not each.name.startswith("radicale"))
    told = subscribed + refused + logged + rapport("import", "subscriptions", "--json")
    with database.transaction() as session:
        for table in ("subscriptions", "subscription_entries", "imports"):
            told += "".join(session.scalars(text(f"select to_jsonb(t)::text from {table} t")))
    assert PASSWORD not in told
    assert b64encode(f"{USER}:{PASSWORD}".encode()).decode() not in told
    assert "/contacts" not in told
    assert not list(Path(tempfile.gettempdir()).glob("rapport-source-*"))


def test_a_lost_key_is_said_and_rotation_keeps_the_address(
    subscribed: str, rapport: Rapport, database: Database, environment: pytest.MonkeyPatch
) -> None:
    old, new = get_settings().required("secret_keys").get_secret_value(), Fernet.generate_key().decode()
    number = str(row(database).id)
    environment.setenv("RAPPORT_SECRET_KEYS", f"{new},{old}")
    assert "so 1 subscription is" in rapport("secrets", "rotate")
    assert sessions.list_unopened_sources(database, Vault(SecretStr(new))) == []
    environment.setenv("RAPPORT_SECRET_KEYS", old)
    assert "can't be decrypted" in rapport.refused("import", "refresh", number)
    code, out, _ = rapport.code("secrets", "rotate")
    assert (code, f"subscription {number}: " in out) == (4, True)
    settings = get_settings()
    finding = servers.check_secret_keys(settings.secret_keys, database)
    assert finding.detail == f"they can't decrypt the subscriptions {number}"


def test_a_new_password_is_entered_by_subscribing_again(
    subscribed: str, rapport: Rapport, radicale: Radicale, typed: Any, database: Database
) -> None:
    radicale.set_password("the new one")
    typed(f"{PASSWORD}\n")
    command = ("import", "subscribe", radicale.url, "--account", "demo", "--user", USER)
    assert "an app password" in rapport.refused(*command)
    typed("the new one\n")
    assert "nothing changed since the last time" in rapport(*command)
    assert row(database).failure is None


def test_several_address_books_are_listed_and_one_is_to_be_named(
    rapport: Rapport, radicale: Radicale, typed: Any
) -> None:
    radicale.add_collection("work", "VADDRESSBOOK", "Work")
    typed(f"{PASSWORD}\n")
    code, out, err = rapport.code("import", "subscribe", radicale.url, "--account", "demo", "--user", USER)
    assert (code, out) == (1, "")
    assert "there are 2 address books" in err
    typed(f"{PASSWORD}\n")
    url = f"{radicale.url}/{USER}/contacts/"
    assert "3 new" in rapport("import", "subscribe", url, "--account", "demo", "--user", USER)


def test_a_birthday_calendar_is_read_by_event(
    rapport: Rapport, radicale: Radicale, typed: Any, night: Night, database: Database
) -> None:
    folder = radicale.add_collection("birthdays", "VCALENDAR", "Birthdays")
    with database.transaction() as session:
        for slug, name in (("ann", "Ann Lee"), ("bob", "Bob Roe")):
            a_contact(session, accounts.list_accounts(session)[0], slug, name=name)
    (folder / "ann.ics").write_text(event("Ann Lee's birthday", "ann", "20000305"))
    typed(f"{PASSWORD}\n")
    url = f"{radicale.url}/{USER}/birthdays/"
    said = rapport("import", "subscribe", url, "--account", "demo", "--user", USER)
    assert "1 birthday waits until you say whose" in said
    night()
    assert len(json.loads(rapport("import", "list", "--json"))) == 1
    (folder / "bob.ics").write_text(event("Bob Roe's birthday", "bob", "20000306"))
    night()
    assert latest_report(database)["read"] == 1
    with database.transaction() as session:
        assert [each.name for each in birthday_doubts.list_doubts(session)] == ["Ann Lee", "Bob Roe"]


def event(title: str, uid: str, day: str) -> str:
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:{day}\r\nRRULE:FREQ=YEARLY\r\n"
        f"SUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def test_ending_a_subscription_deletes_the_password_and_keeps_the_contacts(
    subscribed: str, rapport: Rapport, database: Database, night: Night, radicale: Radicale
) -> None:
    number = str(row(database).id)
    (radicale.book / "bob.vcf").unlink()
    assert "no longer in the source, and still contacts: Bob Roe\n" in rapport("import", "refresh", number)
    assert "its contacts stay" in rapport("import", "unsubscribe", number)
    assert contacts(database) == {"Ann Lee", "Bob Roe", "Cid"}
    assert "there is none yet" in rapport("import", "subscriptions")
    assert night() == []
    assert f"there is no subscription {number}" in rapport.refused("import", "refresh", number)
    assert f"there is no subscription {number}" in rapport.refused("import", "unsubscribe", number)
    with database.transaction() as session:
        assert session.scalars(select(SubscriptionEntry)).all() == []
        import_id = runs.list_imports(session)[-1].id
    assert "3 people removed" in rapport("import", "undo", str(import_id))


def test_who_is_forgotten_does_not_come_back_and_removing_an_account_ends_its_subscriptions(
    subscribed: str, rapport: Rapport, night: Night, database: Database, radicale: Radicale
) -> None:
    rapport("contacts", "forget", "Ann Lee", "--yes", "--account", "demo")
    (radicale.book / "ann.vcf").write_text(card("Ann Lee", "ann", "1980-03-06"))
    night()
    assert latest_report(database)["forgotten"] == 1
    (radicale.book / "ann.vcf").unlink()
    night()
    assert "Ann Lee" not in contacts(database)
    with database.transaction() as session:
        assert "Ann Lee" not in "".join(session.scalars(text("select report::text from imports")))
    assert "1 subscription" in rapport("account", "remove", "demo", "--yes")
    with database.transaction() as session:
        assert session.scalars(select(Subscription)).all() == []


def test_the_kill_switch_holds_readings_back(subscribed: str, night: Night, database: Database) -> None:
    with database.transaction() as session:
        kill_switch.pull_kill_switch(session, "tests")
    assert night() == []
    with database.transaction() as session:
        kill_switch.release_kill_switch(session)
    assert len(night()) == 1


def test_a_message_that_comes_twice_reads_once_and_a_dead_reader_is_not_waited_for(
    subscribed: str, night: Night, radicale: Radicale, database: Database
) -> None:
    (number,) = night()
    radicale.seen.clear()
    imports.read_source(subscription_id=number)
    assert radicale.seen == []
    with database.transaction() as session:
        subscriptions.claim_reading(session, number, requested=False)  # and dies
    assert night() == []  # its lease is not over
    with database.transaction() as session:
        session.execute(text("update subscriptions set lease_until = now() - interval '1 s'"))
    assert night() == [number]
    assert row(database).failure is None


def test_a_reader_that_lost_its_lease_writes_nothing(
    subscribed: str, rapport: Rapport, database: Database, radicale: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    (radicale.book / "eve.vcf").write_text(card("Eve", "eve"))
    monkeypatch.setattr("db.store.imports.subscriptions.hold_claim", lambda *_: False)
    assert "another process is reading it" in rapport.refused("import", "refresh", str(row(database).id))
    assert "Eve" not in contacts(database)


def test_addresses_that_may_not_be_opened_are_refused_in_a_line(
    rapport: Rapport, typed: Any, database: Database
) -> None:
    for arguments, said in (
        (("https://ann:hush@cloud.example.org/",), "user name or a password"),
        (("http://cloud.example.org/",), "not encrypted"),
        (("http://169.254.169.254/", "--own-network"), "may not be reached"),
        (("http://127.0.0.1:1/",), "could not be reached"),
        (("https://127.1:1/", "--user", "ann"), "no password was given"),
        (("https://127.1:1/",), "may not be reached"),
    ):
        typed("")
        refused = rapport.refused("import", "subscribe", *arguments, "--account", "demo")
        assert said in refused
        assert "hush" not in refused
    with database.transaction() as session:
        assert session.scalars(select(Subscription)).all() == []


def test_a_failing_source_is_tried_less_often(
    subscribed: str, night: Night, radicale: Radicale, database: Database
) -> None:
    radicale.set_password("another one")
    assert [len(night()) for _ in range(8)] == [1, 1, 0, 1, 0, 0, 0, 1]
    assert row(database).failures == 4
    assert row(database).next_at > datetime.now(UTC)  # type: ignore[operator]  # noqa: TID251 -- set when it failed
