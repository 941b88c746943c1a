"""The list of proposals: what each card says, pages, days, roles, and what is said when nothing waits."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api_stub.console.session import Role
from db.engine import Database
from db.store.campaigns import schedules, templates
from db.store.people import accounts
from db.tables import Action, Contact, Interaction
from tests.builders import an_account, database_now
from tests.console.conftest import Console
from tests.console.hostile import HOSTILE
from tests.console.review.helpers import propose, seen
from worker.errors import Reason
from worker.rules.model import CampaignKind, Kind

NOTE = 'the site shows "Ann B", the text was for "Ann"'


def test_a_card_has_what_a_person_needs_to_decide(console: Console, database: Database) -> None:
    (ann,) = propose(database, "Ann Example", late_days=2)
    with database.transaction() as session:
        session.execute(update(Contact).values(profile={"headline": "Baker", "company": "Bread"}))
        session.execute(update(Action).values(reason=Reason.NAME_DIFFERS, detail=NOTE))
        contact = session.query(Contact).one()
        session.add(
            Interaction(
                account_id=contact.account_id, contact_id=contact.id, type=Kind.GREET, status="imported",
                occasion="x", message="A year ago", correlation_id="x", source_key="x", reply="Thank you",
                created_at=database_now(session) - timedelta(days=365),
                replied_at=database_now(session) - timedelta(days=364),
            )
        )  # fmt: skip
    page = console(Role.APPROVER).get("/review").text
    for text in (
        "One greeting waits for you.", "Ann Example", "Baker, Bread", "2 days late", "would go out about",
        "Happy birthday, Ann!", "A year ago", "Thank you", "they wrote", "No template gives this text",
        "does the text fit the person?", "Today",
    ):  # fmt: skip
        assert text in page
    assert page.count(seen(database, ann)) == 2


def test_people_of_the_same_name_are_told_apart(console: Console, database: Database) -> None:
    propose(database, "María García", "María García", "Zoé Quill")
    html = console().get("/review").text
    assert sorted(re.findall(r"<bdi>(p\d-0)</bdi>", html)) == ["p0-0", "p1-0"]


def test_the_template_of_a_text_is_named_with_why_it_fits(console: Console, database: Database) -> None:
    propose(database, "Ann Example", texts=("Happy birthday, Ann! I wish you a year to your liking.",))
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        templates.add_template(
            session, account_id=account.id, language="en", late=False,
            body="Happy birthday, {{ first_name }}! I wish you a year to your liking.", weight=3,
        )  # fmt: skip
        templates.add_template(
            session, account_id=account.id, language="en", late=False, body="All the best, {{ first_name }}!"
        )
    page = console().get("/review").text
    assert "Written in English: the person's language isn't known." in page
    assert "It was drawn from 2 that fit, with weight 3 of 4." in page
    assert "The person had nothing like it in the last two years." in page


def test_hostile_names_and_texts_are_only_text(console: Console, database: Database) -> None:
    ids = propose(database, *(f"Person{number} X" for number in range(len(HOSTILE))))
    with database.transaction() as session:
        for action_id, given in zip(ids, HOSTILE, strict=True):
            hostile = given.replace("\0", "")
            of_action = update(Action).where(Action.id == action_id)
            session.execute(of_action.values(message=hostile, reason=Reason.NAME_DIFFERS, detail=hostile))
            whose = select(Action.contact_id).where(Action.id == action_id).scalar_subquery()
            profile = {"headline": hostile, "company": hostile}
            session.execute(
                update(Contact).where(Contact.id == whose).values(full_name=hostile, profile=profile)
            )
    client = console()
    parts = [f"/{each}{part}" for each in ids for part in ("", "/edit", "/template", "/hold", "/never")]
    for part in ("", *parts):
        answer = client.get(f"/review{part}")
        assert answer.status_code == 200
        assert not re.search(
            r"<(script(?! src=)|img|b onmouse)|[\u202a-\u202e\u2066-\u2069\x1b\x85]", answer.text
        )


def test_many_come_in_pages_and_the_page_says_how_many_wait(console: Console, database: Database) -> None:
    ids = propose(database, *(f"Person{number} X" for number in range(23)))
    client = console()
    first = client.get("/review").text
    assert "23 greetings wait for you." in first
    assert "Approve all 20 of today" in first
    shown = re.findall(r'id="p-([0-9a-f-]{36})"', first)
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = client.get(older.replace("&amp;", "&")).text
    assert [*shown, *re.findall(r'id="p-([0-9a-f-]{36})"', second)] == list(map(str, ids))
    assert 'rel="prev"' in second


def test_those_that_will_not_be_sent_come_last_and_are_not_approved_with_the_others(
    console: Console, database: Database
) -> None:
    gone, *_ = propose(database, "Late Person", days_left=-1)
    propose(database, "Ann Example", "Bob Example", late_days=1)
    page = console().get("/review").text
    assert page.index("Today</h2>") < page.index("Bob Example") < page.index("Not sent as it stands")
    assert "Approve all 2 of today" in page
    assert "its last day has passed: it can't be approved" in page.replace("&#39;", "'")
    assert seen(database, gone) not in page.split("Not sent as it stands")[0]


def test_a_person_on_hold_is_listed_on_the_day_after_the_hold(console: Console, database: Database) -> None:
    propose(database, "Ann Example")
    with database.transaction() as session:
        tomorrow = database_now(session).date() + timedelta(days=1)
        session.execute(update(Contact).values(hold_until=tomorrow, hold_by="bob"))
    page = console().get("/review").text
    assert "Tomorrow</h2>" in page
    assert "on hold: it is not sent before" in page


def test_a_viewer_sees_and_gets_no_button(console: Console, database: Database) -> None:
    (ann,) = propose(database, "Ann Example")
    page = console(Role.VIEWER).get("/review").text
    assert "Happy birthday, Ann!" in page
    assert "<form" not in page
    assert "An approver or an owner decides." in page
    assert "<form" not in console(Role.VIEWER).get(f"/review/{ann}").text


def test_with_several_accounts_all_are_shown_or_one(console: Console, database: Database) -> None:
    propose(database, "Ann Example")
    propose(database, "Bob Example", account="second")
    client = console()
    both, one = client.get("/review").text, client.get("/review?account=second").text
    assert ("Ann Example" in both, "Bob Example" in both) == (True, True)
    assert ("Ann Example" in one, "Bob Example" in one) == (False, True)
    assert client.get("/review?account=none").status_code == 404
    assert client.get("/review?after=x").status_code == 404


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"approval": True}, "The next proposals come"),
        ({"approval": False}, "The campaigns of demo send without asking you."),
        (None, "No schedule brings proposals."),
    ],
)
def test_when_nothing_waits_it_says_what_comes_next(
    console: Console, database: Database, options: dict[str, object] | None, says: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        if options is not None:
            schedules.save_schedule(
                session, account_id=account.id, kind=CampaignKind.BIRTHDAY, cron="0 7 * * *", options=options,
                next_fire_at=database_now(session) + timedelta(hours=9),
            )  # fmt: skip
    page = console().get("/review").text
    assert "Nothing waits for you" in page
    assert says in page
