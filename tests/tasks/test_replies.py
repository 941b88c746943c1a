"""After a greeting: who answers is marked once, and what they say stays where it is unless asked for."""

from datetime import datetime

import pytest
from sqlalchemy import select, text

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from db.store.people import accounts, contacts
from db.store.people.accounts import AccountRecord
from db.tables import Contact, Interaction, QuotaCut
from tasks.actions.read_inbox import read_replies
from tasks.services import Services
from tests.builders import SANDBOX
from tests.tasks.conftest import NewAccount
from tests.tasks.reply_helpers import (
    ANN,
    ANSWER,
    MING,
    Greet,
    an_hour_later,
    marked,
    read_to,
    ten_minutes_earlier,
)
from worker import metrics
from worker.errors import Reason
from worker.rules.model import AccountStatus


def contact_replied_at(services: Services, slug: str) -> datetime | None:
    with services.database.transaction() as session:
        return session.scalars(
            select(Contact.replied_at).where(Contact.profile_url == f"{SANDBOX}{slug}/")
        ).one()


def counted() -> float:
    return float(metrics.REPLIES._value.get())


def test_a_reply_is_marked_and_counted_once_and_its_text_is_nowhere(
    services: Services, sandbox: SandboxClient, greet: Greet, capsys: pytest.CaptureFixture[str]
) -> None:
    greeting, other = greet(), greet(MING)
    before = counted()
    sandbox.write_as_person(ANN, "demo", ANSWER)
    assert read_replies(services, "demo") == 1
    first, kept = marked(services, greeting)
    assert first is not None
    assert kept is None
    assert contact_replied_at(services, ANN) == read_to(services) == first
    an_hour_later(services)
    sandbox.write_as_person(ANN, "demo", "One more thing")
    assert read_replies(services, "demo") == 0
    assert marked(services, greeting) == (first, None)
    later = contact_replied_at(services, ANN)
    assert later is not None
    assert later > first
    assert marked(services, other) == (None, None)
    assert counted() == before + 1
    said = "".join(capsys.readouterr())
    assert "inbox_read" in said
    assert ANSWER not in said
    with services.database.transaction() as session:
        tables = session.scalars(text("select tablename from pg_tables where schemaname = 'public'")).all()
        for table in tables:
            rows = session.scalars(text(f"select t::text from {table} t")).all()
            assert not [row for row in rows if ANSWER in row], table


@pytest.mark.parametrize(
    ("member", "markup"),
    [
        ("demo", "a"),
        ("demo2", "b"),
        pytest.param("demo", "b", marks=pytest.mark.soak),
        pytest.param("demo2", "a", marks=pytest.mark.soak),
    ],
)
def test_the_first_answer_is_kept_where_the_campaign_asked_for_it_and_stays_out_of_the_log(
    services: Services,
    sandbox: SandboxClient,
    *,
    new_account: NewAccount,
    greet: Greet,
    capsys: pytest.CaptureFixture[str],
    member: str,
    markup: str,
) -> None:
    account = new_account(member)
    sandbox.fault(FaultName.MARKUP, markup)
    greeting, other = greet(keep=True, by=account), greet(MING, keep=False, by=account)
    for slug in (ANN, MING):
        sandbox.write_as_person(slug, member, ANSWER)
        sandbox.write_as_person(slug, member, "And you?")
    assert read_replies(services, member) == 2
    assert marked(services, greeting)[1] == ANSWER
    assert marked(services, other)[1] is None
    said = "".join(capsys.readouterr())
    assert "inbox_read" in said
    assert ANSWER not in said


def test_what_came_in_before_the_greeting_is_no_reply_to_it(
    services: Services, sandbox: SandboxClient, greet: Greet
) -> None:
    sandbox.write_as_person(ANN, "demo", "Are you well?")
    greeting = greet(keep=True)
    sandbox.write_as_person(MING, "demo", "I was never greeted")
    assert read_replies(services, "demo") == 0
    assert marked(services, greeting) == (None, None)
    an_hour_later(services)
    sandbox.write_as_person(ANN, "demo", ANSWER)
    assert read_replies(services, "demo") == 1
    assert marked(services, greeting)[1] == ANSWER


def test_a_reply_that_the_owner_has_answered_by_hand_is_found_behind_the_answer(
    services: Services, sandbox: SandboxClient, greet: Greet
) -> None:
    greeting, unanswered = greet(), greet(MING)
    ten_minutes_earlier(services)
    sandbox.write_as_person(ANN, "demo", ANSWER)
    for slug in (ANN, MING):
        sandbox.write_as_member(slug, "demo", "See you on Monday")
    assert read_replies(services, "demo") == 1
    replied_at, kept = marked(services, greeting)
    assert replied_at is not None
    assert kept is None
    assert marked(services, unanswered) == (None, None)
    looked = sandbox.views("demo")[f"/in/{MING}/"]
    an_hour_later(services)
    assert read_replies(services, "demo") == 0
    assert sandbox.views("demo")[f"/in/{MING}/"] == looked  # what was looked at once is not opened again


def test_every_page_of_the_inbox_is_read(services: Services, sandbox: SandboxClient, greet: Greet) -> None:
    greeting = greet()
    sandbox.write_as_person(ANN, "demo", ANSWER)
    for person in sandbox.people():
        if person.slug != ANN:
            sandbox.write_as_person(person.slug, "demo", "Hello")
    assert read_replies(services, "demo") == 1
    assert marked(services, greeting)[0] is not None
    assert sandbox.views("demo")["/messaging/"] == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(FaultName.LIMIT_PAGE, Reason.LIMIT_PAGE, marks=pytest.mark.soak),
        (FaultName.EXPIRED_SESSION, Reason.NOT_SIGNED_IN),
    ],
)
def test_a_page_that_asks_for_a_person_stops_the_account_and_loses_nothing(
    services: Services,
    sandbox: SandboxClient,
    *,
    account: AccountRecord,
    new_account: NewAccount,
    greet: Greet,
    fault: FaultName,
    reason: Reason,
) -> None:
    greeting = greet()
    sandbox.write_as_person(ANN, "demo", ANSWER)
    sandbox.fault(fault, times=1, path_prefix="/messaging/")
    assert read_replies(services, "demo") == 0
    with services.database.transaction() as session:
        stopped = accounts.get_account(session, account.id)
        assert (stopped.status, stopped.stop_reason) == (AccountStatus.STOPPED, reason)
        assert bool(session.scalars(select(QuotaCut.kind)).all()) is (reason is Reason.LIMIT_PAGE)
    an_hour_later(services)
    assert read_replies(services, "demo") == 0  # not while it is stopped
    new_account()  # a person has signed it in again
    assert read_replies(services, "demo") == 1
    assert marked(services, greeting)[0] is not None


def test_a_conversation_that_cannot_be_read_waits_and_the_others_are_marked(
    services: Services, sandbox: SandboxClient, greet: Greet
) -> None:
    waits, marked_now = greet(keep=True), greet(MING)
    sandbox.write_as_person(ANN, "demo", ANSWER)
    sandbox.write_as_person(MING, "demo", "Thanks!")
    sandbox.fault(FaultName.HTTP_500, times=1, path_prefix=f"/in/{ANN}/")
    assert read_replies(services, "demo") == 1
    assert marked(services, waits) == (None, None)
    assert marked(services, marked_now)[0] is not None
    an_hour_later(services)
    assert read_replies(services, "demo") == 1
    assert marked(services, waits)[1] == ANSWER


def test_a_reply_counts_where_its_conversation_cannot_be_opened_any_more(
    services: Services, sandbox: SandboxClient, greet: Greet
) -> None:
    ended, wrong, left_alone = greet(keep=True), greet(MING, keep=True), greet("mo", keep=True)
    for slug in (ANN, MING, "mo"):
        sandbox.write_as_person(slug, "demo", ANSWER)
    sandbox.write_as_person("zoe-lefevre", "demo", "Meant for another ear")
    sandbox.change(ANN, connected=False)
    sandbox.fault(FaultName.WRONG_THREAD, "zoe-lefevre")
    with services.database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        contacts.set_do_not_contact(session, account.id, f"{SANDBOX}mo/", value=True, by="tests")
    assert read_replies(services, "demo") == 3
    for greeting in (ended, wrong, left_alone):
        replied_at, kept = marked(services, greeting)
        assert replied_at is not None
        assert kept is None
    assert "/in/mo/" not in sandbox.views("demo")


def test_an_away_message_is_no_reply_and_hides_none(
    services: Services, sandbox: SandboxClient, greet: Greet
) -> None:
    greeting, other = greet(keep=True), greet(MING)
    before = counted()
    sandbox.write_as_person(ANN, "demo", "Thank you for your message. I am away until 8 December.")
    sandbox.write_as_person(MING, "demo", "Hello", automatic=True)
    assert read_replies(services, "demo") == 0
    assert [marked(services, each) for each in (greeting, other)] == [(None, None)] * 2
    assert contact_replied_at(services, ANN) is None
    with services.database.transaction() as session:
        automatic = session.scalars(select(Interaction.automatic_at).order_by(Interaction.id)).all()
        away_until = session.scalars(
            select(Contact.away_until).where(Contact.profile_url == f"{SANDBOX}{ANN}/")
        ).one()
    assert None not in automatic
    assert away_until is not None
    assert (away_until.month, away_until.day) == (12, 8)
    an_hour_later(services)
    for slug in (ANN, MING):
        sandbox.write_as_person(slug, "demo", ANSWER)
    assert read_replies(services, "demo") == 2
    assert marked(services, greeting)[1] == ANSWER
    an_hour_later(services)
    assert read_replies(services, "demo") == 0
    assert counted() == before + 2
