"""`rapport summary` and `rapport campaign show`."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import lifecycle
from db.store.campaigns import campaigns
from db.tables import Account, Action, Campaign, Interaction
from tests.builders import a_campaign, a_contact, add_planned, an_account, database_now
from tests.cli.conftest import Rapport
from tests.db.helpers import claim_action, queue_due_actions
from worker.errors import Reason
from worker.rules.model import ActionState


def a_day(session: Session) -> tuple[UUID, UUID]:
    """One sent and answered, one left out, one that waits; the campaign and the action that was sent."""
    account = an_account(session)
    campaign_id = a_campaign(session, account)
    ids = [
        add_planned(session, account, a_contact(session, account, slug, name=name), campaign_id=campaign_id)
        for slug, name in (("ann", "Ann [red]O'Neil"), ("bob", "Bob"), ("cy", "Cy"))
    ]
    session.execute(update(Campaign).values(state="planned"))
    (sent,) = queue_due_actions(session)
    claim = claim_action(session, sent)
    lifecycle.write_intent(session, claim)
    lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    session.flush()
    at = database_now(session)
    session.execute(update(Interaction).values(replied_at=at, reply="Thanks [b]a lot[/b]"))
    left_out, waits = (each for each in ids if each != sent)
    session.execute(
        update(Action)
        .where(Action.id == left_out)
        .values(state=ActionState.SKIPPED, reason=Reason.DO_NOT_CONTACT, detail="a person said so")
    )
    session.execute(
        update(Action)
        .where(Action.id == waits)
        .values(reason=Reason.GAP, not_before=at + timedelta(minutes=2))
    )
    return campaign_id, sent


def test_a_day_in_a_few_lines(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        a_day(session)
        an_account(session, "other")
    said = rapport("summary", "demo")
    for expected in (
        "1 greeting, 0 of them late",
        " 1 not to be contacted",
        " 1 because the gap between two actions is not over",
        "1 of 1 greeting was answered, 100%",
        "1 greeting used, 9999 left; in 7 days 1 used, 69999 left",
        "0 birthdays",
    ):
        assert expected in said
    both = rapport("summary")
    assert "demo, " in both
    assert "other, " in both


def test_a_day_that_nobody_kept_says_so(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        an_account(session)
    said = rapport("summary", "demo", "--on", "2026-01-31")
    assert "Saturday 31 January 2026 in UTC" in said
    assert "not known" in said
    assert "0 of 0 greetings were answered" in said
    assert "%" not in said


def test_what_can_not_be_summed_up_is_said(database: Database, rapport: Rapport) -> None:
    assert "rapport account add" in rapport.refused("summary")
    with database.transaction() as session:
        an_account(session)
    assert "no account called 'nobody'" in rapport.refused("summary", "nobody")
    assert "in the future" in rapport.refused("summary", "demo", "--on", "2999-01-01")
    for day in ("0001-01-01", "1899-12-31"):
        assert f"{day} is out of range: days from 1900" in rapport.refused("summary", "demo", "--on", day)
    assert "Monday 01 January 1900" in rapport("summary", "demo", "--on", "1900-01-01")
    assert rapport.code("summary", "demo", "--on", "soon")[0] == 2


def test_a_campaign_says_whom_it_left_out_and_why(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        campaign_id, sent = a_day(session)
    said = rapport("campaign", "show", str(campaign_id)[:8])
    for expected in (
        "birthday campaign of demo: running",
        "up to 3 days late",
        "1 greeting, 0 of them late",
        "replies    1",
        "this person is not to be contacted; a person said so",
    ):
        assert expected in said
    story = rapport("actions", "show", str(sent))
    assert "Thanks [b]a lot[/b]" in story
    assert "no campaign" in rapport.refused("campaign", "show", "ffffffff")


def test_a_dry_run_shows_what_it_would_send(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        account = an_account(session)
        dry, empty = a_campaign(session, account), a_campaign(session, account)
        preview = [
            {
                "contact": "Ann",
                "occasion": "birthday:2026",
                "on": "2026-11-24",
                "message": "Hi Ann!",
                "left_out": "",
            },
            {
                "contact": "Bob",
                "occasion": "birthday:2026",
                "on": "2026-11-23",
                "message": "",
                "left_out": "no_name",
            },
        ]
        campaigns.mark_planned(session, dry, preview=preview)
        campaigns.mark_planned(session, empty, preview=[])
    said = rapport("campaign", "show", str(dry))
    assert "Hi Ann!" in said
    assert "there is no name to address this person by" in said
    assert "nobody has a birthday" in rapport("campaign", "show", str(empty))


def test_a_stopped_account_has_a_summary_too(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        an_account(session)
        session.execute(update(Account).values(status="stopped", stop_reason=Reason.CHALLENGE))
    assert "0 greetings" in rapport("summary", "demo")
