"""Builders: an account, contact, campaign or action in one line."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, searches
from db.store.people import accounts, site_checks
from db.store.people.accounts import AccountRecord
from db.store.quota import limits as store
from db.tables import Action, Contact, QuotaLimit, QuotaTotal
from worker.rules.model import CampaignKind, FoundPerson, Kind, ThreadMessage
from worker.rules.quota.limits import Limits
from worker.rules.sites import registry as site_registry
from worker.rules.sites.capabilities import Capability, CapabilityVerdict, Verdict
from worker.rules.sourcing.search import SearchQuery

SANDBOX = "https://sandbox.test/in/"

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

FREE = Limits(per_run=10_000, per_day=10_000, per_week=70_000, gap_min=timedelta(0), gap_max=timedelta(0))
"""Limits that hold nobody back."""

TEN = Limits(per_run=10, per_day=10, per_week=50, gap_min=timedelta(0), gap_max=timedelta(0))
"""Limits under every site's ceiling, without a gap."""


def an_account(
    session: Session, name: str = "demo", *, site: str = "sandbox", zone: str = "UTC", limits: Limits = FREE
) -> AccountRecord:
    account = accounts.add_account(session, name=name, site=site, zone=ZoneInfo(zone))
    _set_limits(session, account.id, limits)
    return account


def _set_limits(session: Session, account_id: int, limits: Limits) -> None:
    """Set limits of greetings, and of all kinds together, in one statement; the store's two make nine."""
    values = store._row_values(limits)
    greetings = insert(QuotaLimit).values(account_id=account_id, kind=Kind.GREET, **values)
    totals = {"per_day": limits.per_day, "per_week": limits.per_week}
    both = insert(QuotaTotal).values(account_id=account_id, **totals)
    session.execute(
        both.on_conflict_do_update(index_elements=["account_id"], set_=totals).add_cte(
            greetings.on_conflict_do_update(index_elements=["account_id", "kind"], set_=values).cte(
                "greetings"
            )
        )
    )


def a_contact(
    session: Session,
    account: AccountRecord,
    slug: str,
    *,
    name: str | None = None,
    birthday: date | None = None,
) -> Contact:
    contact = Contact(
        account_id=account.id,
        profile_url=f"{SANDBOX}{slug}/",
        full_name=name or slug.title(),
        birth_month=birthday.month if birthday else None,
        birth_day=birthday.day if birthday else None,
    )
    session.add(contact)
    session.flush()
    return contact


def a_campaign(session: Session, account: AccountRecord) -> UUID:
    campaign_id = uuid4()
    campaigns.add_campaign(
        session,
        campaign_id=campaign_id,
        account_id=account.id,
        kind=CampaignKind.BIRTHDAY,
        options={"late_days": 3, "dry_run": False, "read_site": False},
        correlation_id="test",
    )
    return campaign_id


def add_planned(
    session: Session,
    account: AccountRecord,
    contact: Contact,
    *,
    campaign_id: UUID | None = None,
    text: str = "Hi!",
) -> UUID:
    """Plan one greeting of `contact` for today; return the action's id."""
    campaign = campaigns.find_campaign(session, campaign_id or a_campaign(session, account))
    assert campaign is not None
    today = database_now(session).date()
    draft = PlannedAction(contact.id, f"birthday:{today.year}", today, text)
    assert plans.insert_plan(session, campaign, Kind.GREET, [draft]) == 1
    return draft.id


def add_proposed(
    session: Session,
    account: AccountRecord,
    contact: Contact,
    *,
    campaign_id: UUID | None = None,
    text: str = "Hi!",
    late_days: int = 0,
    days_left: int = 3,
) -> UUID:
    """Propose one greeting of `contact`, whose birthday was `late_days` ago; return the action's id."""
    campaign = campaigns.find_campaign(session, campaign_id or a_campaign(session, account))
    assert campaign is not None
    today = database_now(session).astimezone(account.zone).date()
    on = today - timedelta(days=late_days)
    draft = PlannedAction(
        contact.id,
        f"birthday:{on.year}",
        on,
        text,
        worded_for=today,
        expires_on=today + timedelta(days=days_left),
    )
    assert plans.insert_plan(session, campaign, Kind.GREET, [draft], needs_approval=True) == 1
    return draft.id


def needing_checks(monkeypatch: pytest.MonkeyPatch, site: str) -> None:
    """Let `site` be one whose pages must be proven before anything is sent, as a real site is."""
    real = replace(site_registry.SITES[site], needs_check=True)
    monkeypatch.setattr(site_registry, "SITES", {**site_registry.SITES, site: real})


def prove_site(session: Session, account_id: int, *, seen_live: bool = True) -> None:
    """Let a check have proven everything; with `seen_live`, let a person have seen a message arrive."""
    now = database_now(session)
    site_checks.save_verdicts(
        session,
        account_id,
        [CapabilityVerdict(each, Verdict.OK, now, None, "ember", "en") for each in Capability],
    )
    if seen_live:
        site_checks.confirm_seen_live(session, account_id, now.date())


def database_now(session: Session) -> datetime:
    now: datetime = session.scalars(select(func.now())).one()
    return now


def action(session: Session, action_id: UUID) -> Action:
    """Return the current row."""
    return session.scalars(
        select(Action).where(Action.id == action_id).execution_options(populate_existing=True)
    ).one()


def contact_by_slug(session: Session, account: AccountRecord, slug: str) -> Contact:
    return session.scalars(
        select(Contact).where(Contact.account_id == account.id, Contact.profile_url == f"{SANDBOX}{slug}/")
    ).one()


def forget_actions(session: Session) -> None:
    """Delete all actions and interactions, as if somebody else had greeted."""
    session.execute(delete(Action))


def sent_message(text: str, at: datetime | None) -> ThreadMessage:
    """Return an outgoing message."""
    return ThreadMessage(outgoing=True, text=text, at=at)


def found(slug: str, place: str = "Paris, France") -> FoundPerson:
    return FoundPerson(f"{SANDBOX}{slug}/", slug.title(), f"{slug} at work", place, 2, False)


def a_search(session: Session, account: AccountRecord, *people: FoundPerson) -> tuple[UUID, list[int]]:
    """Add a sourcing campaign that found these people and all contacts of the account.

    Return it and their contacts by name.
    """
    campaign_id = uuid4()
    campaigns.add_campaign(
        session, campaign_id=campaign_id, account_id=account.id, kind=CampaignKind.SOURCING,
        options={"limit": 100, "criteria": {"location": "Paris"}}, correlation_id="test",
    )  # fmt: skip
    searches.add_search(session, campaign_id, SearchQuery((("keywords", "x"),)))
    searches.save_found_people(session, account.id, people)
    contact_ids = list(
        session.scalars(
            select(Contact.id).where(Contact.account_id == account.id).order_by(Contact.full_name)
        )
    )
    searches.add_hits(session, campaign_id, contact_ids, page=1)
    return campaign_id, contact_ids
