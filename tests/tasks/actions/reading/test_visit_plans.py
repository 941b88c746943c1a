"""Whom a visitor campaign plans to visit, and whom not."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from db.store.people import contacts, import_lock
from db.store.people.accounts import AccountRecord
from db.tables import Campaign, Contact, Exclusion
from tasks.services import Services
from tests import builders
from tests.db.helpers import wait_for_lock_wait
from tests.tasks.search_helpers import (
    a_reader,
    opened,
    run_all,
    states,
    visits_of,
    weeks_pass,
)
from worker.errors import Reason, RequestRefusedError
from worker.rules.model import AccountStatus, ActionState, Kind

ANN, BEN, EVE = "ledger:ann", "ledger:ben", "ledger:eve"


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return a_reader(without_pages)


def test_do_not_contact_holds_for_visits_too(without_pages: Services, account: AccountRecord) -> None:
    visits_of(without_pages, account, profiles=[ANN, BEN])
    with without_pages.database.transaction() as session:
        contacts.set_do_not_contact(session, account.id, ANN, value=True, by="tests")
    run_all(without_pages)
    again = visits_of(without_pages, account, profiles=[ANN], no_repeat_days=7)
    assert opened(without_pages) == {BEN: 1}
    assert states(without_pages, again, Kind.VISIT) == {(ActionState.SKIPPED, Reason.DO_NOT_CONTACT): 1}


def test_connections_not_seen_for_long_come_first_the_longest_ago(
    without_pages: Services, account: AccountRecord
) -> None:
    with without_pages.database.transaction() as session:
        for slug in ("never", "long", "lately", "left"):
            builders.a_contact(session, account, slug)
        contact = text("update contacts set status = 'prospect' where profile_url like '%left/'")
        session.execute(contact)
    url = "https://sandbox.test/in/{}/".format
    visits_of(without_pages, account, profiles=[url("long")])
    run_all(without_pages)
    weeks_pass(without_pages, 200)
    visits_of(without_pages, account, profiles=[url("lately")])
    run_all(without_pages)
    before = opened(without_pages)
    visits_of(without_pages, account, not_seen_months=6, limit=1)
    run_all(without_pages)
    assert opened(without_pages) - before == {url("never"): 1}
    visits_of(without_pages, account, not_seen_months=6)
    run_all(without_pages)
    assert opened(without_pages) - before == {url("never"): 1, url("long"): 1}


def test_a_dry_run_opens_nothing_and_keeps_nobody(without_pages: Services, account: AccountRecord) -> None:
    campaign_id = visits_of(without_pages, account, profiles=[ANN], dry_run=True)
    assert run_all(without_pages) == []
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Contact)).all() == []
        preview = session.get_one(Campaign, campaign_id).preview
    assert preview == [
        {"contact": "ledger:ann", "profile_url": ANN, "last_seen": "", "left_out": "", "already": ""}
    ]


def test_an_address_elsewhere_is_refused_before_anything_starts(without_pages: Services) -> None:
    with without_pages.database.transaction() as session:
        practice = builders.an_account(session, "practice")
    elsewhere = [f"https://evil.test/in/{slug}" for slug in ("a", "b", "c")]
    with pytest.raises(RequestRefusedError, match=r"aren't profile addresses of sandbox: 1, 2, 3 and 1 more"):
        visits_of(without_pages, practice, profiles=[*elsewhere, "nobody", "https://sandbox.test/in/ann/"])
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Campaign)).all() == []
        assert session.scalars(select(Contact)).all() == []


def test_a_list_waits_for_an_import_which_may_exclude_somebody_on_it(
    without_pages: Services, account: AccountRecord
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with without_pages.database.transaction() as session:
            import_lock.lock_for_import(session, account.id)
            session.add(Exclusion(account_id=account.id, profile_url=ANN))
            session.flush()
            asked = pool.submit(visits_of, without_pages, account, profiles=[ANN])
            wait_for_lock_wait(without_pages.database, asked)
        campaign_id = asked.result(30)
    assert run_all(without_pages) == []
    assert states(without_pages, campaign_id, Kind.VISIT) == {(ActionState.SKIPPED, Reason.DO_NOT_CONTACT): 1}
    assert opened(without_pages) == {}


def test_a_paused_account_visits_nobody(without_pages: Services, account: AccountRecord) -> None:
    visits_of(without_pages, account, profiles=[EVE])
    with without_pages.database.transaction() as session:
        paused = text("update accounts set status = :status, stop_reason = 'account_paused'")
        session.execute(paused, {"status": AccountStatus.PAUSED})
    assert run_all(without_pages) == []
