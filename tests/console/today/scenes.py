"""Scenes of a day: people in each of the states that the first page shows."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Action, Campaign, Interaction, Schedule
from tests.builders import a_campaign, a_contact, add_planned, an_account, database_now
from tests.db.helpers import run_without_triggers
from worker.errors import Reason
from worker.rules.model import ActionState, CampaignKind, Kind


def signed_in(session: Session, name: str = "demo") -> AccountRecord:
    """Add an account that is signed in, and knows somebody without a birthday."""
    account = an_account(session, name)
    accounts.save_session(session, account.id, b"sealed")
    a_contact(session, account, "somebody", name="Somebody Known")
    return accounts.get_account(session, account.id)


def today(session: Session) -> date:
    return database_now(session).date()


def with_schedule(session: Session, account: AccountRecord) -> None:
    """Let birthday campaigns start by themselves."""
    session.add(
        Schedule(
            account_id=account.id, kind=CampaignKind.BIRTHDAY, cron="0 7 * * *", options={"late_days": 3},
            next_fire_at=database_now(session) + timedelta(days=1),
        )
    )  # fmt: skip
    session.flush()


def in_state(
    session: Session,
    account: AccountRecord,
    name: str,
    state: ActionState,
    reason: Reason | None = None,
    *,
    kind: Kind = Kind.GREET,
    at: datetime | None = None,
) -> Action:
    """Add an action that entered `state` at `at`, now by default; its person has their birthday today."""
    contact = a_contact(session, account, uuid4().hex, name=name, birthday=today(session))
    action_id = add_planned(
        session, account, contact, campaign_id=a_campaign(session, account), text=f"Hi {name}!"
    )
    values = {
        "state": state,
        "reason": reason,
        "at": at or database_now(session),
        "id": action_id,
        "kind": kind,
    }
    run_without_triggers(
        session,
        "update actions set kind = :kind, state = :state, reason = :reason, not_before = created_at, "
        "lease_until = case when :state in ('queued', 'claimed', 'acting') then now() + interval '1 h' end, "
        "acting_since = case when :state in ('acting', 'uncertain', 'needs_review', 'done') "
        "then cast(:at as timestamptz) end, updated_at = :at where id = :id",
        **values,
    )
    run_without_triggers(
        session,
        "update action_events set to_state = :state, reason = :reason, at = :at where action_id = :id",
        **values,
    )
    return session.get_one(Action, action_id, populate_existing=True)


def greeted(
    session: Session,
    account: AccountRecord,
    name: str,
    *,
    text: str = "Happy birthday!",
    screenshot: str | None = None,
    replied: bool = False,
    at: datetime | None = None,
) -> UUID:
    """Add a greeting that was sent today, and proven."""
    action = in_state(session, account, name, ActionState.DONE, at=at)
    session.add(
        Interaction(
            account_id=account.id, contact_id=action.contact_id, action_id=action.id, type=Kind.GREET,
            status="sent", occasion=action.occasion, message=text, correlation_id="x", screenshot=screenshot,
            created_at=at or database_now(session), replied_at=database_now(session) if replied else None,
            reply="Thank you!" if replied else None,
        )
    )  # fmt: skip
    session.flush()
    return action.id


def planned(session: Session, account: AccountRecord, name: str, *, is_paused: bool = False) -> UUID:
    """Plan a greeting for today, with `is_paused` in a campaign that is paused."""
    campaign_id = a_campaign(session, account)
    contact = a_contact(session, account, uuid4().hex, name=name, birthday=today(session))
    if is_paused:
        campaign = session.get_one(Campaign, campaign_id)
        campaign.state, campaign.reason = "paused", Reason.CAMPAIGN_PAUSED
        session.flush()
    return add_planned(session, account, contact, campaign_id=campaign_id)
