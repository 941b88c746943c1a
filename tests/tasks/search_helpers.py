"""Visits and searches on a site without pages."""

import json
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text, update

from db.store.actions import dispatch
from db.store.campaigns import searches
from db.store.campaigns.searches import SearchRecord
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Action, Hit
from tasks.actions.perform import perform_action
from tasks.actions.recover import recover_lapsed
from tasks.actions.settle import Outcome
from tasks.campaigns.start import start_campaign
from tasks.contract import SourcingOptions, VisitorOptions
from tasks.services import Services
from tests import builders
from tests.builders import FREE
from tests.db.helpers import LEASE, expire_leases
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.quota.limits import Limits


class KilledError(BaseException):
    """Stands for the death of a worker: nothing catches it."""


def a_reader(
    services: Services, name: str = "reader", *, pages: Limits = FREE, views: Limits = FREE
) -> AccountRecord:
    """Add an account of the site without pages that may read as much as it likes."""
    with services.database.transaction() as session:
        account = builders.an_account(session, name, site="ledger")
        limits.set_limits(session, account.id, Kind.COLLECT, pages, by="tests")
        limits.set_limits(session, account.id, Kind.VISIT, views, by="tests")
    return account


def search_of(
    services: Services,
    account: AccountRecord,
    people: int,
    *,
    campaign_id: UUID | None = None,
    **options: Any,
) -> UUID:
    """Start a sourcing campaign whose search finds so many people; return its id."""
    campaign_id = campaign_id or uuid4()
    asked = SourcingOptions.model_validate(
        {"url": f"https://ledger.test/?people={people}&name=p", "criteria": {"skills": ["Planning"]}}
        | options
    )
    with services.database.transaction() as session:
        start_campaign(session, account=account.name, campaign_id=campaign_id, options=asked)
    return campaign_id


def visits_of(services: Services, account: AccountRecord, **options: object) -> UUID:
    """Start a visitor campaign; return its id."""
    campaign_id = uuid4()
    asked = VisitorOptions.model_validate(options)
    with services.database.transaction() as session:
        start_campaign(session, account=account.name, campaign_id=campaign_id, options=asked)
    return campaign_id


def run_all(services: Services, *, at_most: int = 1000) -> list[Outcome]:
    """Dispatch and perform until nothing is due."""
    outcomes: list[Outcome] = []
    while len(outcomes) < at_most:
        with services.database.transaction() as session:
            due = dispatch.queue_due_actions(session, batch=100, lease=LEASE)
        if not due:
            return outcomes
        outcomes += [perform_action(services, nudge.action_id) for nudge in due]
    return outcomes


def next_due(services: Services) -> UUID:
    """Queue the one action that is due."""
    with services.database.transaction() as session:
        (due,) = dispatch.queue_due_actions(session, batch=1, lease=LEASE)
    return due.action_id


def worker_dies(services: Services) -> None:
    """Let the leases of whoever holds an action lapse, recover, and let what waits be due."""
    with services.database.transaction() as session:
        expire_leases(session)
    recover_lapsed(services)
    waits_are_over(services)


def waits_are_over(services: Services) -> None:
    """Let everything that is planned be due."""
    with services.database.transaction() as session:
        session.execute(text("update actions set not_before = created_at where state = 'planned'"))


def opened(services: Services) -> Counter[str]:
    """Return how often the site saw each page and profile opened, by its own ledger."""
    folder = services.settings.ledger_dir
    assert folder is not None
    seen: Counter[str] = Counter()
    for file in folder.glob("*.jsonl"):
        for line in file.read_text().splitlines():
            told = json.loads(line)
            seen[f"page {told['page']}" if "page" in told else str(told.get("visited"))] += 1
    return seen


def the_search(services: Services, campaign_id: UUID) -> SearchRecord:
    with services.database.transaction() as session:
        found = searches.find_search(session, campaign_id)
    assert found is not None
    return found


def hits_of(services: Services, campaign_id: UUID) -> int:
    with services.database.transaction() as session:
        return len(session.scalars(select(Hit.contact_id).where(Hit.campaign_id == campaign_id)).all())


def states(services: Services, campaign_id: UUID, kind: Kind) -> Counter[tuple[ActionState, Reason | None]]:
    with services.database.transaction() as session:
        rows = session.execute(
            select(Action.state, Action.reason).where(Action.campaign_id == campaign_id, Action.kind == kind)
        ).all()
    return Counter((ActionState(state), Reason(reason) if reason else None) for state, reason in rows)


def weeks_pass(services: Services, days: int) -> None:
    """Let all that happened have happened so many days earlier."""
    with services.database.transaction() as session:
        for table, column in (
            ("actions", "acting_since"), ("interactions", "created_at"), ("profiles", "read_at"),
        ):  # fmt: skip
            session.execute(
                text(f"update {table} set {column} = {column} - make_interval(days => :days)"),
                {"days": days},
            )
        session.execute(update(Action).values(occasion=Action.occasion + " long ago"))
