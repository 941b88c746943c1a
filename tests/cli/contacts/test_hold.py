"""`rapport contacts hold`: who waits until when, and where that is shown."""

from datetime import date, timedelta

from db.engine import Database
from db.store.actions import lifecycle
from db.store.actions.review import approval
from db.tables import Interaction
from tests.builders import SANDBOX, a_contact, action, add_planned, an_account, contact_by_slug, database_now
from tests.cli.conftest import Rapport
from tests.cli.plans import a_plan, state
from tests.db.helpers import claim_action, queue_due_actions
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash


def in_days(database: Database, days: int) -> date:
    with database.transaction() as session:
        return database_now(session).date() + timedelta(days=days)


def said_of(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def test_a_hold_names_its_day_and_its_reason_everywhere_and_is_ended(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        _, _, (action_id,) = a_plan(session, people=1)
    until = in_days(database, 9)
    held = f"on hold until {said_of(until)}"
    said = rapport("contacts", "hold", "P0", "--until", str(until), "--reason", "parental leave")
    assert said == f"P0 (account demo) is {held}; 1 planned action waits\n"
    assert state(database, action_id) == ("planned", Reason.ON_HOLD)
    assert f"{held}: parental leave" in rapport("why", "P0")
    shown = rapport("contacts", "show", "P0")
    assert f"{held}, by ops@host: parental leave" in shown
    assert "this person is on hold" in shown
    assert "on hold" in rapport("summary", "demo")
    assert rapport("contacts", "hold", "P0", "--release") == "P0 (account demo) is no longer on hold\n"
    assert "on hold" not in rapport("contacts", "show", "P0")
    assert "was not on hold" in rapport("contacts", "hold", "P0", "--release")


def test_a_hold_applies_to_every_account_that_knows_the_person(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        accounts = [an_account(session, name) for name in ("one", "two")]
        for account in accounts:
            a_contact(session, account, "ann")
    until = in_days(database, 2)
    assert rapport("contacts", "hold", f"{SANDBOX}ann/", "--until", str(until)).count("is on hold") == 2
    with database.transaction() as session:
        assert {contact_by_slug(session, each, "ann").hold_until for each in accounts} == {until}


def test_what_makes_no_hold_is_refused(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        a_contact(session, an_account(session), "ann")
    today = in_days(database, 0)
    assert "after today" in rapport.refused("contacts", "hold", "ann", "--until", str(today))
    for wrong in ((), ("--until", "2099-01-02", "--release"), ("--release", "--reason", "x")):
        assert "--release alone" in rapport.refused("contacts", "hold", "ann", *wrong)
    bad = ("--until", "2099-01-02", "--reason", "a\u202eb")
    assert "invisible" in rapport.refused("contacts", "hold", "ann", *bad)


def test_an_away_message_offers_the_hold(database: Database, rapport: Rapport) -> None:
    until = in_days(database, 9)
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann")
        ann.away_until = until
        session.add(
            Interaction(
                account_id=account.id, contact_id=ann.id, source_key="x", type="greet", status="sent",
                occasion="birthday:2026", message="Hi", correlation_id="x",
                automatic_at=database_now(session),
            )
        )  # fmt: skip
    offer = (
        f"until {said_of(until)}, as their automatic answer says: "
        f"`rapport contacts hold {SANDBOX}ann/ --until {until}`"
    )
    shown = rapport("contacts", "show", "ann")
    assert offer in shown
    assert "; automatic answer " in shown
    assert "replied" not in shown
    assert f"Ann, {offer}" in rapport("summary", "demo")
    rapport("contacts", "hold", f"{SANDBOX}ann/", "--until", str(until))
    assert "automatic answer says" not in rapport("contacts", "show", "ann") + rapport("summary", "demo")


def test_a_name_that_differs_is_shown_where_a_person_decides(database: Database, rapport: Rapport) -> None:
    detail = 'the site shows "Alexandra Weber", the text was for "Ann"'
    with database.transaction() as session:
        account = an_account(session)
        action_id = add_planned(session, account, a_contact(session, account, "ann"), text="Hi Ann!")
        queue_due_actions(session)
        claim = claim_action(session, action_id)
        assert lifecycle.propose_again(session, claim, reason=Reason.NAME_DIFFERS, detail=detail)
    reason = "the site shows another name than the text"
    why = rapport("why", "ann")
    assert reason in why
    assert detail in why
    assert "`rapport review`" in why
    shown = rapport("contacts", "show", "ann")
    assert f"{reason}: look at it ({detail})" in shown
    assert "of these 1 shown by another name than the text" in rapport("summary", "demo")
    assert detail in rapport("review", "--list")
    with database.transaction() as session:
        text = action(session, action_id).message
        seen = approval_hash(f"{SANDBOX}ann/", text)
        approval.edit_proposal(session, action_id, "Hi Ann, again!", seen=seen, by="me")
        assert action(session, action_id).called == "Ann"
