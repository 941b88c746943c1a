"""`rapport contacts edit`, `call`, `rapport birthdays`: what a person sets by hand, and what follows."""

import json
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions.review import approval
from db.store.people import contacts, profiles
from db.tables import Contact
from tests.builders import (
    SANDBOX,
    a_contact,
    action,
    add_planned,
    add_proposed,
    an_account,
    contact_by_slug,
    database_now,
)
from tests.cli.conftest import Rapport
from tests.imports.files import write_file
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState, BirthdayCard
from worker.rules.sourcing.profile import Profile


@pytest.fixture
def bob(database: Database) -> None:
    with database.transaction() as session:
        a_contact(
            session, an_account(session), "bob", name="Robert Lee", birthday=database_now(session).date()
        )


def stored(session: Session, slug: str = "bob") -> Contact:
    contact = contact_by_slug(session, an_account(session), slug)
    session.refresh(contact)
    return contact


def test_what_is_set_by_hand_outlives_imports_and_pages(
    rapport: Rapport, database: Database, bob: None, tmp_path: Path
) -> None:
    said = rapport(
        "contacts", "edit", "robert", "--birthday", "1980-03-14", "--call-by", "Bob", "--language", "FR"
    )
    assert "Robert Lee (account demo): birthday 1980-03-14, called Bob, language fr" in said
    shown = rapport("contacts", "show", "bob")
    for told in ("1980-03-14 (by hand: ops@host, 20", "Bob (by hand: ops@host", "fr (by hand: ops@host"):
        assert told in shown, told
    row = f"name,url,birthday,language\nRobert Lee,{SANDBOX}bob,05-06,de\n"
    rapport("import", "contacts", str(write_file(tmp_path, row)), "--account", "demo")
    with database.transaction() as session:
        account = an_account(session)
        contacts.save_birthdays(
            session, account.id, [BirthdayCard(f"{SANDBOX}bob/", "Rob Lee", date(2026, 7, 8))]
        )
        seen = Profile(f"{SANDBOX}bob/", "Rob B. Lee", "Chef", "Paris", degree=1, open_to_work=False)
        profiles.save_profile(session, stored(session).id, seen)
        kept = stored(session)
        assert (kept.birth_year, kept.birth_month, kept.birth_day) == (1980, 3, 14)
        assert (kept.call_by, kept.language, kept.full_name) == ("Bob", "fr", "Rob B. Lee")


def test_off_restores_what_was_known_before(rapport: Rapport, database: Database, bob: None) -> None:
    with database.transaction() as session:
        before = stored(session)
        known = (before.birth_month, before.birth_day, before.language)
    rapport("contacts", "edit", "bob", "--birthday", "3-14", "--language", "fr")
    rapport("contacts", "call", "bob", "Bobby")
    assert "called by the display name" in rapport("contacts", "call", "bob", "--off")
    assert "birthday no longer set by hand, language no longer set by hand" in rapport(
        "contacts", "edit", "bob", "--birthday", "off", "--language", "off"
    )
    with database.transaction() as session:
        after = stored(session)
        assert (after.birth_month, after.birth_day, after.language) == known
        assert (after.call_by, after.by_hand) == (None, None)


def test_what_is_planned_is_written_anew_and_what_was_approved_waits_again(
    rapport: Rapport, database: Database, bob: None
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        first = add_proposed(session, account, stored(session), text="Happy birthday, Robert!")
        ann = a_contact(session, account, "ann", name="Ann Lee", birthday=database_now(session).date())
        plain = add_planned(session, account, ann, text="Happy birthday, Ann!")
        seen = approval_hash(f"{SANDBOX}bob/", "Happy birthday, Robert!")
        approval.approve_proposal(session, first, seen=seen, by="ops")
        assert action(session, first).state == ActionState.PLANNED
    said = rapport("contacts", "call", "bob", "Bobby")
    assert "1 approved greeting was rewritten and waits for approval again: `rapport review`" in said
    assert "1 planned greeting was rewritten" in rapport("contacts", "call", "ann lee", "Annie")
    with database.transaction() as session:
        again, changed = action(session, first), action(session, plain)
        assert (again.state, again.reason, again.approval) == ("proposed", Reason.AWAITING_APPROVAL, None)
        assert "Bobby" in again.message
        assert (changed.state, "Annie" in changed.message) == ("planned", True)
    rapport("contacts", "edit", "ann lee", "--language", "fr")
    with database.transaction() as session:
        assert "Annie" in action(session, plain).message
        assert action(session, plain).message != changed.message


def test_a_corrected_birthday_moves_or_drops_what_is_planned(
    rapport: Rapport, database: Database, bob: None
) -> None:
    with database.transaction() as session:
        planned = add_planned(session, an_account(session), stored(session))
        today = database_now(session).date()
    tomorrow = today + timedelta(days=1)
    if tomorrow.year == today.year:
        said = rapport("contacts", "edit", "bob", "--birthday", f"{tomorrow.month}-{tomorrow.day}")
        assert "1 planned greeting was moved to the birthday" in said
        with database.transaction() as session:
            moved = action(session, planned)
            assert (moved.occasion_on, moved.state) == (tomorrow, "planned")
            assert moved.not_before.astimezone(ZoneInfo("UTC")).date() == tomorrow
    past = today - timedelta(days=40)
    if past.year == today.year:
        assert "1 planned greeting was dropped" in rapport(
            "contacts", "edit", "bob", "--birthday", f"{past.month}-{past.day}"
        )
        with database.transaction() as session:
            assert action(session, planned).state == "skipped"


def test_nothing_is_edited_while_a_worker_is_about_to_send(
    rapport: Rapport, database: Database, bob: None
) -> None:
    with database.transaction() as session:
        add_planned(session, an_account(session), stored(session))
        session.execute(text("update actions set state = 'queued', lease_until = now() + interval '1 hour'"))
    assert "a worker is about to send this person a greeting" in rapport.refused(
        "contacts", "call", "bob", "B"
    )
    with database.transaction() as session:
        assert stored(session).call_by is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("call", "bob", "Bo\x1b[2Jb"), "a control or invisible character"),
        (("call", "bob", "x" * 41), "longer than 40 characters"),
        (("call", "bob", "{first_name}"), "a bracket or %"),
        (("call", "bob", "123"), "no letter"),
        (("call", "bob"), "give a name, or --off"),
        (("edit", "bob", "--birthday", "14.3."), "isn't a birthday"),
        (("edit", "bob", "--birthday", "2-30"), "isn't a date in any year"),
        (("edit", "bob", "--birthday", "2999-01-01"), "between 1900 and today"),
        (("edit", "bob", "--language", "french"), "isn't a language code: write fr"),
        (("edit", "bob"), "nothing to change"),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    rapport: Rapport, bob: None, arguments: tuple[str, ...], says: str
) -> None:
    assert says in rapport.refused("contacts", *arguments)


def test_the_coming_birthdays_are_listed_with_what_would_become_of_each(
    rapport: Rapport, database: Database, bob: None
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        today = database_now(session).date()
        soon, never = today + timedelta(days=3), today + timedelta(days=30)
        a_contact(session, account, "mister", name="Mr Bean", birthday=soon)
        a_contact(session, account, "left", name="Lea Lang", birthday=soon).do_not_contact = True
        a_contact(session, account, "later", name="Far Away", birthday=never)
        stored(session).birth_year = today.year - 40
    shown = rapport("birthdays", "--next", "14")
    assert "account demo, times in UTC" in shown
    (robert,) = (line for line in shown.splitlines() if "Robert Lee" in line)
    assert "today" in robert
    assert "\t40\t" in robert
    assert "about " in robert
    assert "none: there is no name to address this person by" in shown
    assert "none: this person is not to be contacted" in shown
    assert "Far Away" not in shown
    assert "rapport contacts call WHO NAME" in shown
    assert "no birthday campaign is scheduled" in shown
    listed = json.loads(rapport("birthdays", "demo", "--json"))
    assert {each["full_name"]: each["left_out"] for each in listed} == {
        "Robert Lee": None, "Lea Lang": "do_not_contact", "Mr Bean": "no_name",
    }  # fmt: skip
    assert listed[0]["on"] == today.isoformat()
    rapport("contacts", "call", "mr bean", "Rowan")
    assert "no_name" not in rapport("birthdays", "--json")
    assert "did you mean demo?" in rapport.refused("birthdays", "demmo")


def test_actions_of_one_person(rapport: Rapport, database: Database, bob: None) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, stored(session))
        add_planned(session, account, a_contact(session, account, "ann", name="Ann Lee"))
    narrowed = rapport("actions", "list", "--contact", "robert")
    assert "Robert Lee" in narrowed
    assert "Ann Lee" not in narrowed
