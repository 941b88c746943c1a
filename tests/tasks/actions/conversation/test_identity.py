"""A page shows, as a greeting begins, that two contacts are one, or that an address has a new owner."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from api_stub.sandbox.population.store import make_member_id
from db.store.actions import claims
from db.store.actions.claims import Claim
from db.store.identity.pages import save_birthdays
from db.store.people import accounts, profiles
from db.store.people.accounts import AccountRecord
from db.tables import Action, Contact
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.db.helpers import claim_action, run_without_triggers
from tests.tasks.action_helpers import perform_next
from tests.tasks.browser_helpers import run
from tests.tasks.scripted_site import ScriptedSite
from tests.tasks.search_helpers import visits_of
from worker.errors import Reason
from worker.rules.model import ActionState

SLUG = "eleni-papadaki"
MEMBER = make_member_id(SLUG)


def reasons(services: Services) -> list[tuple[str, str | None]]:
    with services.database.transaction() as session:
        return sorted((row.state, row.reason) for row in session.scalars(select(Action)))


@pytest.mark.parametrize(("markup", "first"), [("a", SLUG), ("b", MEMBER), ("b", SLUG)])
def test_who_is_planned_under_both_keys_is_greeted_once(
    services: Services, account: AccountRecord, sandbox: SandboxClient, markup: str, first: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    with services.database.transaction() as session:
        for part in (SLUG, MEMBER):
            contact = builders.a_contact(session, account, part, name="Ελένη Παπαδάκη")
            builders.add_planned(session, account, contact)
            if part == first:
                earlier = update(Action).where(Action.contact_id == contact.id)
                session.execute(earlier.values(not_before=builders.LONG_AGO))
    outcomes = [perform_next(services) for _ in range(2)]
    assert Outcome.DONE in outcomes
    assert [effect.slug for effect in sandbox.ledger("demo")] == [SLUG]
    assert reasons(services) == [(ActionState.DONE, None), (ActionState.SKIPPED, Reason.MERGED)]
    with services.database.transaction() as session:
        kept = session.scalars(select(Contact).where(Contact.forgotten_at.is_(None))).one()
        assert (kept.profile_url, kept.member_url) == (f"{SANDBOX}{SLUG}/", f"{SANDBOX}{MEMBER}/")


def test_an_address_that_another_member_has_now_gets_nothing(
    services: Services, account: AccountRecord, sandbox: SandboxClient
) -> None:
    with services.database.transaction() as session:
        signed_in = accounts.get_account(session, account.id)
        cards = services.site_of(signed_in).birthdays(sandbox.today())
        slug = cards[0].profile_url.removeprefix(SANDBOX).rstrip("/")
        save_birthdays(session, account.id, cards)
        contact = builders.contact_by_slug(session, account, slug)
        assert contact.member_url == cards[0].member_url == f"{SANDBOX}{make_member_id(slug)}/"
        action_id = builders.add_planned(session, account, contact)
    stranger = make_member_id("somebody else")
    sandbox.change(slug, member_id=stranger)
    assert run(services, action_id) is Outcome.POSTPONED
    assert reasons(services) == [(ActionState.PLANNED, Reason.ADDRESS_MOVED)]
    assert run(services, action_id) is Outcome.POSTPONED
    assert sandbox.ledger("demo") == []
    with services.database.transaction() as session:
        contact = builders.contact_by_slug(session, account, slug)
        assert contact.moved_to == f"{SANDBOX}{stranger}/"


def test_a_visit_shows_that_two_contacts_are_one(
    services: Services, account: AccountRecord, sandbox: SandboxClient
) -> None:
    with services.database.transaction() as session:
        for part in (SLUG, MEMBER):
            builders.a_contact(session, account, part, name="Ελένη Παπαδάκη")
    visits_of(services, account, profiles=[f"{SANDBOX}{SLUG}/"])
    assert perform_next(services) is Outcome.DONE
    with services.database.transaction() as session:
        kept = session.scalars(select(Contact).where(Contact.forgotten_at.is_(None))).one()
        assert (kept.profile_url, kept.member_url) == (f"{SANDBOX}{SLUG}/", f"{SANDBOX}{MEMBER}/")
        assert profiles.find_profile(session, kept.id) is not None


def test_a_visit_saves_nothing_of_another_member_who_has_the_address_now(
    services: Services, account: AccountRecord, sandbox: SandboxClient
) -> None:
    with services.database.transaction() as session:
        contact = builders.a_contact(session, account, SLUG, name="Ελένη Παπαδάκη")
        contact.member_url = f"{SANDBOX}{MEMBER}/"
        contact_id = contact.id
    sandbox.change(SLUG, member_id=make_member_id("somebody else"))
    visits_of(services, account, profiles=[f"{SANDBOX}{SLUG}/"])
    assert perform_next(services) is Outcome.DONE
    with services.database.transaction() as session:
        assert profiles.find_profile(session, contact_id) is None
        assert builders.contact_by_slug(session, account, SLUG).moved_to is not None


@pytest.mark.parametrize("name", ["Ann", "Cleo"], ids=["a namesake", "another name"])
def test_a_card_of_two_people_leads_to_no_message_to_either(
    without_pages: Services, scripted: ScriptedSite, name: str
) -> None:
    ann, cleo = f"{SANDBOX}ann/", f"{SANDBOX}ann-2/"
    own_id, other_id = (f"{SANDBOX}{make_member_id(slug)}/" for slug in ("ann", "ann-2"))
    scripted.opens_by_id = {own_id: ann, other_id: cleo}
    scripted.members = {ann: own_id, cleo: other_id}
    scripted.names[cleo] = name
    with without_pages.database.transaction() as session:
        ledger = builders.an_account(session, site="ledger")
        contact = builders.a_contact(session, ledger, "ann")
        contact.member_url = other_id
        builders.add_planned(session, ledger, contact)
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert scripted.sent == []
    assert "type" not in scripted.steps
    assert reasons(without_pages) == [(ActionState.PLANNED, Reason.ADDRESS_MOVED)]
    with without_pages.database.transaction() as session:
        assert builders.contact_by_slug(session, ledger, "ann").full_name == "Ann"


@pytest.mark.parametrize("is_met", [False, True])
def test_who_was_met_before_is_written_to_by_member_id_at_once(
    without_pages: Services, scripted: ScriptedSite, monkeypatch: pytest.MonkeyPatch, *, is_met: bool
) -> None:
    ann, own_id = f"{SANDBOX}ann/", f"{SANDBOX}{make_member_id('ann')}/"
    scripted.members = {ann: own_id}
    with without_pages.database.transaction() as session:
        ledger = builders.an_account(session, site="ledger")
        contact = builders.a_contact(session, ledger, "ann")
        contact.member_url = own_id
        action_id = builders.add_planned(session, ledger, contact)
    if is_met:
        really = claims.claim_action

        def claim_met(*given: Any, **more: Any) -> Claim:
            claim = really(*given, **more)
            assert claim is not None
            return replace(claim, has_met=True)

        monkeypatch.setattr(claims, "claim_action", claim_met)
    assert perform_next(without_pages) is Outcome.DONE
    assert scripted.asked_by_id == [own_id if is_met else None]
    monkeypatch.undo()
    with without_pages.database.transaction() as session:
        run_without_triggers(session, "update actions set state = 'queued', lease_until = now()")
        assert claim_action(session, action_id).has_met
