"""`rapport contacts list` and `show`."""

import json
import re
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people import profiles
from db.tables import Contact, Hit, Interaction
from tests.builders import SANDBOX, a_campaign, a_contact, add_planned, an_account
from tests.cli.conftest import Rapport
from worker.rules.model import ContactStatus, Kind
from worker.rules.sourcing.profile import Education, Position, Profile

ANN = Profile(
    profile_url=f"{SANDBOX}ann/",
    full_name="Ann Smith",
    headline="Python Engineer",
    location="Paris",
    degree=2,
    open_to_work=True,
    about="I build.",
    positions=(Position("Engineer", "Acme", date(2020, 5, 1), None),),
    education=(Education("ENS", "MSc", 2012, 2014),),
    skills=(),
    languages=("French", "English"),
)


@pytest.fixture
def people(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann", name="Ann Smith", birthday=date(2027, 3, 9))
        ann.status, ann.score = ContactStatus.PROSPECT, 70
        session.flush()
        profiles.save_profile(session, ann.id, ANN)
        campaign_id = a_campaign(session, account)
        reasons = [
            {"points": 80, "criterion": "skills", "text": "skill Python"},
            {"points": -10, "criterion": "location", "text": "location is not Oslo"},
        ]
        session.add(Hit(campaign_id=campaign_id, contact_id=ann.id, page=2, score=70, reasons=reasons))
        visited(session, ann)
        add_planned(session, account, ann, text="Happy birthday!")
        bob = a_contact(session, account, "bob", name="Bob")
        bob.do_not_contact, bob.last_greeted_on = True, date(2026, 1, 2)
        a_contact(session, an_account(session, "other"), "ann", name="Ann Smith")


def visited(session: Session, contact: Contact) -> None:
    session.add(
        Interaction(
            account_id=contact.account_id, contact_id=contact.id, source_key="v", type=Kind.VISIT,
            status="seen", occasion="visit:2026-W40", message="", correlation_id="x",
        )
    )  # fmt: skip


def test_people_are_listed_and_narrowed(rapport: Rapport, people: None) -> None:
    everybody = rapport("contacts", "list")
    assert everybody.count("Ann Smith") == 2
    assert "visited " in everybody
    assert "greeted 2 Jan 2026" in everybody
    assert "do not contact" in everybody
    narrowed = rapport(
        "contacts", "list", "--account", "demo", "--status", "prospect", "--min-score", "70",
        "--open-to-work", "--text", "python",
    )  # fmt: skip
    assert "Ann Smith" in narrowed
    assert "Bob" not in narrowed
    assert "no match" in rapport("contacts", "list", "--min-score", "71")
    assert "these are the first 1:" in rapport("contacts", "list", "--limit", "1")
    assert "no account called 'nobody'" in rapport.refused("contacts", "list", "--account", "nobody")


def test_everything_known_of_a_person_is_shown(rapport: Rapport, people: None) -> None:
    shown = rapport("contacts", "show", "ann", "--account", "demo")
    for told in (
        "Python Engineer", "prospect, degree 2", "marked as open to work", "03-09", "about: I build.",
        "Engineer, Acme (since 2020-05)", "ENS, MSc (2012 to 2014)", "skills: nothing",
        "languages: French, English",
        "70 of 100 in birthday campaign", "found on page 2", "+80 skill Python",
        "\N{MINUS SIGN}10 location is not Oslo",
        "visit for week 40 of 2026", "greet for birthday ", "may be contacted",
    ):  # fmt: skip
        assert told in shown, told
    assert "certifications" not in shown  # not read, which is not the same as none


def test_what_nobody_has_read_is_said_to_be_so(rapport: Rapport, people: None) -> None:
    shown = rapport("contacts", "show", "Bob")
    assert "not read yet" in shown
    assert "do not contact" in shown
    assert "what is planned" not in shown


def test_a_name_in_two_accounts_and_one_in_none_are_asked_about(rapport: Rapport, people: None) -> None:
    assert "several people match" in rapport.refused("contacts", "show", "Ann Smith")
    assert "no account knows 'Zoe'" in rapport.refused("contacts", "show", "Zoe")


def test_who_was_forgotten_is_not_shown(rapport: Rapport, people: None, database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            text(
                "update contacts set forgotten_at = now(), profile_url = 'forgotten:' || id, "
                "full_name = 'gone' where full_name = 'Bob'"
            )
        )
        gone = session.execute(text("select id from contacts where full_name = 'gone'")).scalar_one()
    assert "gone" not in rapport("contacts", "list")
    for who in ("gone", str(gone)):
        assert "no account knows" in rapport.refused("contacts", "show", who)


def test_a_name_that_would_move_the_cursor_is_shown_harmlessly(
    rapport: Rapport, people: None, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(text("update contacts set full_name = E'\\x1b[2JBob' where full_name = 'Bob'"))
    assert "\x1b[2J" not in rapport("contacts", "list")
    assert "\x1b[2J" not in rapport("contacts", "show", "bob")


def test_why_somebody_was_left_out_is_shown(rapport: Rapport, people: None, database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            text("update actions set state = 'skipped', reason = 'one_voice', detail = 'says so'")
        )
    shown = rapport("contacts", "show", "ann", "--account", "demo")
    assert "what is planned" not in shown
    assert re.search(r"was skipped: this person already had a message today \(says so\)", shown)
    (left_out,) = json.loads(rapport("contacts", "show", "ann", "--account", "demo", "--json"))["left_out"]
    assert left_out["reason"] == "one_voice"
