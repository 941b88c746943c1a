"""Visits: whom a campaign opens, once in so many days, whatever dies. The site's own ledger is the judge."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from db.store.actions import control
from db.store.actions.control import CampaignVerb
from db.store.people import profiles
from db.store.people.accounts import AccountRecord
from db.tables import Action, Campaign, Contact, Interaction
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests.tasks.search_helpers import (
    KilledError,
    a_reader,
    next_due,
    opened,
    run_all,
    search_of,
    states,
    visits_of,
    waits_are_over,
    weeks_pass,
    worker_dies,
)
from worker.browser.ledger import LedgerSite
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.model import ActionState, ContactStatus, Kind
from worker.rules.sourcing.profile import Profile

ANN, BEN, EVE = "ledger:ann", "ledger:ben", "ledger:eve"
LATELY = (ActionState.SKIPPED, Reason.VISITED_LATELY)
DONE = (ActionState.DONE, None)


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return a_reader(without_pages)


def reading(monkeypatch: pytest.MonkeyPatch, fault: Callable[[], None], *, shown: bool) -> None:
    """Let the next profile that is opened fail: after the site has shown it, or before."""
    really = LedgerSite.read_profile

    def fails(site: LedgerSite, url: str, sections: object) -> Profile:
        monkeypatch.setattr(LedgerSite, "read_profile", really)
        if shown:
            really(site, url, ())
        fault()
        return really(site, url, ())

    monkeypatch.setattr(LedgerSite, "read_profile", fails)


def killed_on_a_profile(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker of the next visit be killed after the profile was shown, and its lease lapse."""

    def die() -> None:
        raise KilledError

    reading(monkeypatch, die, shown=True)
    with pytest.raises(KilledError):
        perform_action(services, next_due(services))
    worker_dies(services)


def test_named_people_are_visited_once_each_and_what_was_seen_is_kept(
    without_pages: Services, account: AccountRecord
) -> None:
    campaign_id = visits_of(without_pages, account, profiles=[ANN, BEN, ANN])
    assert run_all(without_pages) == [Outcome.DONE, Outcome.DONE]
    assert opened(without_pages) == {ANN: 1, BEN: 1}
    assert states(without_pages, campaign_id, Kind.VISIT) == {DONE: 2}
    with without_pages.database.transaction() as session:
        ann = session.scalars(select(Contact).where(Contact.profile_url == ANN)).one()
        known = profiles.find_profile(session, ann.id)
        kinds = session.execute(select(Interaction.type, Interaction.status, Interaction.message)).all()
        assert ann.profile["headline"] == "a headline"
        assert ann.status == ContactStatus.PROSPECT
    assert known is not None
    assert profiles.list_read_sections(known.profile) == frozenset()  # nobody asked for more than the head
    assert {tuple(kind) for kind in kinds} == {("visit", "visited", "")}


def test_nobody_is_visited_twice_within_the_days(without_pages: Services, account: AccountRecord) -> None:
    visits_of(without_pages, account, profiles=[ANN])
    run_all(without_pages)
    weeks_pass(without_pages, 29)
    again = visits_of(without_pages, account, profiles=[ANN, BEN])
    run_all(without_pages)
    assert states(without_pages, again, Kind.VISIT) == {LATELY: 1, DONE: 1}
    assert opened(without_pages) == {ANN: 1, BEN: 1}
    weeks_pass(without_pages, 2)
    later = visits_of(without_pages, account, profiles=[ANN, BEN])
    run_all(without_pages)
    assert states(without_pages, later, Kind.VISIT) == {DONE: 1, LATELY: 1}
    assert opened(without_pages) == {ANN: 2, BEN: 1}


def test_what_was_planned_before_somebody_was_visited_meets_the_gate(
    without_pages: Services, account: AccountRecord
) -> None:
    first = visits_of(without_pages, account, profiles=[ANN])
    second = visits_of(without_pages, account, profiles=[ANN])
    assert not states(without_pages, second, Kind.VISIT)  # it is on its way already
    search = search_of(without_pages, account, people=1)
    run_all(without_pages)
    late = visits_of(without_pages, account, profiles=["ledger:p-1"])
    assert states(without_pages, first, Kind.VISIT) == states(without_pages, search, Kind.VISIT) == {DONE: 1}
    assert states(without_pages, late, Kind.VISIT) == {LATELY: 1}
    assert opened(without_pages) == {ANN: 1, "page 1": 1, "ledger:p-1": 1}


def test_a_visit_that_may_have_been_seen_is_not_made_again(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = visits_of(without_pages, account, profiles=[ANN])
    killed_on_a_profile(without_pages, monkeypatch)
    assert run_all(without_pages) == [Outcome.SKIPPED]
    assert states(without_pages, campaign_id, Kind.VISIT) == {LATELY: 1}
    assert opened(without_pages) == {ANN: 1}


def test_a_search_needs_what_a_killed_worker_did_not_keep(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = search_of(without_pages, account, people=1)
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.DONE
    killed_on_a_profile(without_pages, monkeypatch)
    assert run_all(without_pages) == [Outcome.DONE]
    assert states(without_pages, campaign_id, Kind.VISIT) == {DONE: 1}
    assert opened(without_pages) == {"page 1": 1, "ledger:p-1": 2}
    # both openings count, in Redis and in the ledger
    assert without_pages.quota.compare_with_ledger(account.id)
    with without_pages.database.transaction() as session:
        session.execute(update(Campaign).values(state="cancelled"))
    context, decision = without_pages.quota.remaining(account.id, Kind.VISIT, "")
    assert decision.remaining is not None
    assert context.limits.per_day - decision.remaining.day == 2


def test_what_a_killed_worker_did_not_keep_is_read_by_whichever_search_comes_first(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = search_of(without_pages, account, people=1)
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.DONE
    killed_on_a_profile(without_pages, monkeypatch)
    with without_pages.database.transaction() as session:
        session.execute(update(Action).values(not_before=func.now() + timedelta(hours=1)))
    second = search_of(without_pages, account, people=1)
    assert run_all(without_pages) == [Outcome.DONE, Outcome.DONE]
    waits_are_over(without_pages)
    assert run_all(without_pages) == [Outcome.SKIPPED]
    assert states(without_pages, first, Kind.VISIT) == {LATELY: 1}
    assert states(without_pages, second, Kind.VISIT) == {DONE: 1}
    assert opened(without_pages) == {"page 1": 2, "ledger:p-1": 2}


def test_a_profile_that_is_gone_is_left_out(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise NeverError(Reason.PROFILE_GONE, "the profile no longer exists")

    campaign_id = visits_of(without_pages, account, profiles=[ANN])
    reading(monkeypatch, gone, shown=False)
    assert run_all(without_pages) == [Outcome.SKIPPED]
    assert states(without_pages, campaign_id, Kind.VISIT) == {(ActionState.SKIPPED, Reason.PROFILE_GONE): 1}


@pytest.mark.parametrize("shown", [True, False])
def test_a_challenge_stops_the_account_and_what_may_have_been_seen_is_not_made_again(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch, *, shown: bool
) -> None:
    def challenged() -> None:
        raise StopAccountError(Reason.CHALLENGE, "the site shows a challenge")

    campaign_id = visits_of(without_pages, account, profiles=[ANN])
    reading(monkeypatch, challenged, shown=shown)
    assert run_all(without_pages) == [Outcome.POSTPONED]
    assert run_all(without_pages) == []
    with without_pages.database.transaction() as session:
        session.execute(text("update accounts set status = 'active', stop_reason = null"))
    assert run_all(without_pages) == [Outcome.SKIPPED]
    assert states(without_pages, campaign_id, Kind.VISIT) == {LATELY: 1}
    assert opened(without_pages) == ({ANN: 1} if shown else {})


def test_a_visit_that_was_cancelled_keeps_no_other_campaign_from_making_it(
    without_pages: Services, account: AccountRecord
) -> None:
    first = visits_of(without_pages, account, profiles=[ANN, BEN])
    with without_pages.database.transaction() as session:
        assert control.change_campaign(session, first, CampaignVerb.CANCEL) == 2
    visits_of(without_pages, account, profiles=[ANN, BEN])
    run_all(without_pages)
    assert opened(without_pages) == {ANN: 1, BEN: 1}


def test_a_profile_is_opened_twice_at_most_for_a_search(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> None:
        raise TryAgainError(Reason.SITE_UNREACHABLE, "the page took too long")

    campaign_id = search_of(without_pages, account, people=1)
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.DONE
    for _ in range(2):
        reading(monkeypatch, slow, shown=True)
        run_all(without_pages)
        worker_dies(without_pages)  # the wait between two tries is over
    assert run_all(without_pages) == []
    assert states(without_pages, campaign_id, Kind.VISIT) == {
        (ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS): 1
    }
    assert opened(without_pages)["ledger:p-1"] == 2


def test_what_was_found_first_is_visited_first(without_pages: Services, account: AccountRecord) -> None:
    first = visits_of(without_pages, account, profiles=[ANN])
    with without_pages.database.transaction() as session:
        session.execute(text("update actions set occasion_on = occasion_on - 10"))
    visits_of(without_pages, account, profiles=[BEN])
    with without_pages.database.transaction() as session:
        session.execute(text("update actions set not_before = '2026-01-01'"))  # as a full day holds all
    perform_action(without_pages, next_due(without_pages))
    assert states(without_pages, first, Kind.VISIT) == {DONE: 1}


def test_a_search_goes_on_after_a_passing_fault(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> None:
        raise TryAgainError(Reason.SITE_UNREACHABLE, "the page took too long")

    campaign_id = search_of(without_pages, account, people=1)
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.DONE
    reading(monkeypatch, slow, shown=False)
    assert run_all(without_pages) == [Outcome.POSTPONED]
    worker_dies(without_pages)  # its wait is over
    assert run_all(without_pages) == [Outcome.DONE]
    assert states(without_pages, campaign_id, Kind.VISIT) == {DONE: 1}
    assert without_pages.quota.compare_with_ledger(account.id)
