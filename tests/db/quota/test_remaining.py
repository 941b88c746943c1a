"""What is left of every account's windows is counted when it is asked, as the quota itself would count it."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.orm import Session

from db.store.people.accounts import AccountRecord
from db.store.quota import limits, status
from db.store.quota.remaining import list_usage
from db.tables import Account
from tests.builders import TEN, a_contact, add_planned, an_account, database_now
from tests.db.helpers import run_without_triggers
from worker.rules.model import Kind
from worker.rules.quota.model import Remaining
from worker.rules.quota.windows import local_day


def left(session: Session) -> dict[tuple[str, Kind], Remaining]:
    return {(each.account, each.kind): each.left for each in list_usage(session, most_accounts=9)}


def greet(session: Session, account: AccountRecord, count: int, since: str) -> None:
    for number in range(count):
        person = a_contact(session, account, f"{since}-{number}".replace(" ", "-"))
        run_without_triggers(
            session,
            "update actions set state = 'done', acting_attempt = 1, "
            "acting_since = now() - cast(:since as interval) where id = :id",
            since=since, id=add_planned(session, account, person),
        )  # fmt: skip


@pytest.fixture
def two_accounts(session: Session) -> list[AccountRecord]:
    """A busy account in a zone of its own, with a cut, a reserved share and own limits; and an idle one."""
    session.execute(text("set local time zone 'Asia/Tokyo'"))
    busy, idle = an_account(session, limits=TEN), an_account(session, "idle")
    session.execute(
        update(Account).where(Account.id == busy.id).values(time_zone="Pacific/Auckland", warm_up_on=None)
    )
    limits.set_limits(session, busy.id, Kind.VISIT, replace(TEN, reserved_per_day=3), by="tests")
    limits.cut_limits(session, busy.id, Kind.GREET)
    greet(session, busy, 2, "1 minute")
    greet(session, busy, 3, "26 hours")
    greet(session, busy, 1, "7 days 1 minute")
    return [busy, idle]


def test_it_is_what_the_quota_itself_would_answer(
    session: Session, two_accounts: list[AccountRecord]
) -> None:
    found = left(session)
    assert len(found) == 2 * len(Kind)
    for account in two_accounts:
        for kind in Kind:
            run = "" if kind is not Kind.GREET or account.name == "idle" else _run_of(session, account)
            expected = status.get_kind_status(session, account.id, kind, run).by_ledger.remaining
            assert found[account.name, kind] == expected, kind


def _run_of(session: Session, account: AccountRecord) -> str:
    newest = "select campaign_id from actions where account_id = :account order by acting_since desc limit 1"
    return str(session.scalar(text(newest), {"account": account.id}))


def test_a_day_that_was_used_up_is_whole_again_after_local_midnight(session: Session) -> None:
    account = an_account(session, limits=TEN)
    now = database_now(session)
    # a zone in which an hour ago is today
    zone = next(
        zone
        for zone in map(ZoneInfo, ("UTC", "Asia/Tokyo", "America/New_York", "Pacific/Auckland"))
        if now - local_day(now, zone).start > timedelta(hours=2)
    )
    session.execute(update(Account).values(time_zone=zone.key))
    greet(session, account, TEN.per_day, "1 hour")
    assert left(session)[account.name, Kind.GREET].day == 0
    run_without_triggers(
        session, "update actions set acting_since = :yesterday",
        yesterday=local_day(now, zone).start - timedelta(microseconds=1),
    )  # fmt: skip
    assert left(session)[account.name, Kind.GREET].day == TEN.per_day
    assert left(session)[account.name, Kind.GREET].week == TEN.per_week - TEN.per_day


def test_a_removed_account_is_left_out(session: Session, two_accounts: list[AccountRecord]) -> None:
    session.execute(text("update accounts set removed_at = now() where id = :id"), {"id": two_accounts[0].id})
    assert {account for account, _ in left(session)} == {two_accounts[1].name}


def test_more_accounts_need_no_more_statements_and_their_number_is_bounded(
    session: Session, two_accounts: list[AccountRecord]
) -> None:
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert {each.account for each in list_usage(session, most_accounts=1)} == {two_accounts[0].name}
    for_one = len(statements)
    list_usage(session, most_accounts=2)
    assert len(statements) == 2 * for_one == 8
