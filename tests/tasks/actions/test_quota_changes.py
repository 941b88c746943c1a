"""What changes an account's quota while it is in use: limit pages, challenges, drift and imports."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete

from db.imports.v1 import file, rows
from db.imports.v1.importer import import_v1_file
from db.imports.v1.rows import V1Context
from db.store.imports import runs
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import QuotaCut
from tasks.actions.settle import Outcome
from tasks.services import Services
from tasks.upkeep.quota_checks import compare_quotas
from tests import builders
from tests.tasks.quota_helpers import go_on, left, reason, used_today
from worker import clock
from worker.browser.ledger import LedgerSite, LedgerThread
from worker.errors import Reason, StopAccountError
from worker.rules.model import AccountStatus, Kind

Plan = Callable[[str], UUID]


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


@pytest.fixture
def plan(without_pages: Services, account: AccountRecord) -> Plan:
    def make(slug: str) -> UUID:
        with without_pages.database.transaction() as session:
            return builders.add_planned(session, account, builders.a_contact(session, account, slug))

    return make


def test_a_limit_page_pauses_the_kind_and_cuts_its_limits(
    without_pages: Services,
    account: AccountRecord,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def limited(*_: object) -> LedgerThread:
        raise StopAccountError(Reason.LIMIT_PAGE, "the site says that it is enough")

    action_id = plan("ann")
    with monkeypatch.context() as patch:
        patch.setattr(LedgerSite, "open_thread", limited)
        assert go_on(without_pages) is Outcome.POSTPONED
    with without_pages.database.transaction() as session:
        accounts.save_session(session, account.id, without_pages.vault.seal("{}"))  # a person has looked
        assert accounts.get_account(session, account.id).status is AccountStatus.ACTIVE
    assert go_on(without_pages) is Outcome.DENIED
    assert reason(without_pages, action_id) is Reason.LIMIT_PAGE
    assert left(without_pages, account).day == 7 * builders.FREE.per_day // 10
    with without_pages.database.transaction() as session:
        session.execute(delete(QuotaCut))
    assert go_on(without_pages) is Outcome.DONE


def test_an_account_that_was_challenged_warms_up_again(
    without_pages: Services, account: AccountRecord
) -> None:
    with without_pages.database.transaction() as session:
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
        accounts.save_session(session, account.id, without_pages.vault.seal("{}"))  # a person has cleared it
    assert left(without_pages, account).day == builders.FREE.per_day // 3


def test_counters_that_differ_from_the_ledger_are_written_anew(
    without_pages: Services, account: AccountRecord, plan: Plan
) -> None:
    plan("ann")
    assert go_on(without_pages) is Outcome.DONE
    assert without_pages.quota.compare_with_ledger(account.id)
    drifted = without_pages.quota.reserve(account.id, Kind.GREET, "nobody's", "lost:1")
    assert without_pages.quota.start(drifted)
    assert used_today(without_pages, account) == 2
    compare_quotas(without_pages)
    assert used_today(without_pages, account) == 1
    assert without_pages.quota.compare_with_ledger(account.id)


def test_an_import_of_v1_counts_in_the_windows_at_once_and_its_undoing_frees_them(
    without_pages: Services, tmp_path: Path
) -> None:
    path = tmp_path / "v1.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table birthday_messages (contact_id, message_text, sent_at)")
        connection.execute("create table contacts (id, name, linkedin_url)")
        for number, age in enumerate(["-0 day", "-6 day", "-8 day"]):
            address = f"https://www.linkedin.com/in/p{number}/"
            connection.execute("insert into contacts values (?, ?, ?)", (number, f"P {number}", address))
            sent = "insert into birthday_messages values (?, 'Hi', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?))"
            connection.execute(sent, (number, age))
    database = without_pages.database
    with database.transaction() as session:
        account = builders.an_account(session, site="linkedin", limits=builders.TEN)
    before = left(without_pages, account)
    assert (before.day, before.week, before.all_week) == (10, 50, 50)
    now = clock.now()
    lines = rows.parse_file(file.read_v1_file(path), V1Context(account.site, account.zone, now))
    with database.transaction() as session:
        report = import_v1_file(session, account, lines, by="tests", now=now)
    after = left(without_pages, account)
    assert (after.day, after.week, after.all_week) == (9, 48, 48)
    with database.transaction() as session:
        runs.undo_import(session, report.import_id)
    assert left(without_pages, account) == before
