"""Limits in Postgres: rows of one account only, in force at once, with an audit entry."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people import accounts
from db.store.quota import epochs, ledger, limits
from db.tables import QuotaCut, QuotaLimit, QuotaTotal
from tests.builders import database_now
from worker.errors import RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.limits import DEFAULT_QUOTA, PRACTICE_QUOTA, Limits, Totals
from worker.rules.quota.windows import Hours

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OWN = Limits(
    3, 4, 5, timedelta(milliseconds=1500), timedelta(seconds=9),
    Hours(8 * HOUR, 9.5 * HOUR, frozenset({0, 6})), reserved_per_day=2,
)  # fmt: skip


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def account_id(session: Session) -> int:
    """An account of the practice network with limits of its own, beside one that has others."""
    other = accounts.add_account(session, name="other", site="sandbox", zone=ZoneInfo("UTC")).id
    account_id = accounts.add_account(session, name="demo", site="sandbox", zone=ZoneInfo("Asia/Kolkata")).id
    little = Limits(1, 1, 1, DAY, DAY)
    for each, own, totals in ((other, little, Totals(1, 1)), (account_id, OWN, Totals(6, 7))):
        limits.set_limits(session, each, Kind.GREET, own, by="tests")
        limits.set_totals(session, each, totals, by="tests")
    limits.set_limits(session, other, Kind.VISIT, little, by="tests")
    limits.cut_limits(session, other, Kind.GREET)
    ledger.write_breaker(session, other, Kind.GREET, Breaker(1))
    epochs.raise_epoch(session, other, seen=0)
    return account_id


def test_an_account_s_own_limits_are_in_force_as_they_were_set(session: Session, account_id: int) -> None:
    loaded = limits.load_context(session, account_id, Kind.GREET, "run")
    context = loaded.context
    assert (context.limits, context.totals, context.run_id) == (OWN, Totals(6, 7), "run")
    assert (context.account_id, context.zone, context.kind) == (
        account_id,
        ZoneInfo("Asia/Kolkata"),
        Kind.GREET,
    )
    assert (context.epoch, context.paused_until, loaded.failing) == (0, None, False)
    assert (loaded.cut_until, loaded.warm_up_on) == (None, None)
    assert (
        limits.load_context(session, account_id, Kind.VISIT, "").context.limits
        == PRACTICE_QUOTA.limits[Kind.VISIT]
    )
    assert limits.get_configured_limits(session, account_id, Kind.GREET) == OWN
    assert limits.get_configured_limits(session, account_id, Kind.VISIT) == PRACTICE_QUOTA.limits[Kind.VISIT]
    assert limits.get_configured_totals(session, account_id) == Totals(6, 7)
    gaps = {kind: each.gap_max for kind, each in limits.get_all_limits(session, account_id).items()}
    assert gaps[Kind.GREET] == OWN.gap_max
    assert gaps[Kind.VISIT] == PRACTICE_QUOTA.limits[Kind.VISIT].gap_max


def test_what_is_set_again_replaces_it_and_each_change_is_told_the_newest_first(
    session: Session, account_id: int
) -> None:
    seen = session.get(QuotaLimit, (account_id, Kind.GREET)), session.get(QuotaTotal, account_id)
    limits.set_limits(session, account_id, Kind.GREET, Limits(9, 9, 9, HOUR, HOUR), by="ann")
    limits.set_totals(session, account_id, Totals(8, 9), by="bob")
    today = database_now(session).date()
    for day in (today, today, None):
        limits.set_warm_up(session, account_id, day, by="cem")
    assert all(seen)  # the session holds the rows as they were
    assert limits.get_configured_limits(session, account_id, Kind.GREET).per_day == 9
    assert limits.get_configured_totals(session, account_id) == Totals(8, 9)
    told = limits.list_changes(session, account_id)
    assert [(line.what, line.by) for line in told] == [
        ("warm_up", "cem"), ("warm_up", "cem"), ("total", "bob"), ("greet", "ann"),
        ("total", "tests"), ("greet", "tests"),
    ]  # fmt: skip
    assert told[2].before == {"per_day": 6, "per_week": 7}
    assert [line.what for line in limits.list_changes(session, account_id, newest=1)] == ["warm_up"]


def test_a_limit_page_pauses_its_kind_for_a_day_and_cuts_it_for_a_week_each_time_anew(
    session: Session, account_id: int
) -> None:
    now = database_now(session)
    limits.cut_limits(session, account_id, Kind.GREET)
    session.execute(update(QuotaCut).values(paused_until=now - DAY, cut_until=now - DAY))
    over = limits.load_context(session, account_id, Kind.GREET, "")
    assert (over.context.limits, over.cut_until) == (OWN, None)
    limits.cut_limits(session, account_id, Kind.GREET)
    loaded = limits.load_context(session, account_id, Kind.GREET, "")
    assert (loaded.context.paused_until, loaded.cut_until) == (now + DAY, now + 7 * DAY)
    assert loaded.context.limits.per_day == 2
    visits = limits.load_context(session, account_id, Kind.VISIT, "")
    assert (visits.context.paused_until, visits.cut_until) == (None, None)
    assert visits.context.limits == PRACTICE_QUOTA.limits[Kind.VISIT]


def test_a_breaker_with_faults_is_known_for_its_kind(session: Session, account_id: int) -> None:
    ledger.write_breaker(session, account_id, Kind.GREET, Breaker(1))
    assert limits.load_context(session, account_id, Kind.GREET, "").failing
    assert not limits.load_context(session, account_id, Kind.VISIT, "").failing
    ledger.write_breaker(session, account_id, Kind.GREET, Breaker())
    assert not limits.load_context(session, account_id, Kind.GREET, "").failing


def test_no_limit_above_a_site_s_ceiling_is_set_or_in_force(session: Session) -> None:
    account_id = accounts.add_account(session, name="real", site="linkedin", zone=ZoneInfo("UTC")).id
    much = Limits(900, 900, 900, HOUR, HOUR)
    with pytest.raises(RequestRefusedError, match="above the hard ceiling of 30"):
        limits.set_limits(session, account_id, Kind.GREET, much, by="tests")
    with pytest.raises(RequestRefusedError, match="above the hard ceiling of 110"):
        limits.set_totals(session, account_id, Totals(900, 900), by="tests")
    assert limits.get_configured_limits(session, account_id, Kind.GREET) == DEFAULT_QUOTA.limits[Kind.GREET]
    assert limits.get_configured_totals(session, account_id) == DEFAULT_QUOTA.totals
    row = {"per_run": 900, "per_day": 900, "per_week": 900, "gap_min_ms": 0, "gap_max_ms": 0}
    session.add(QuotaLimit(account_id=account_id, kind=Kind.VISIT, **row))
    session.add(QuotaTotal(account_id=account_id, per_day=900, per_week=900))
    session.flush()
    limits.set_warm_up(session, account_id, None, by="tests")
    context = limits.load_context(session, account_id, Kind.VISIT, "").context
    assert (context.limits.per_day, context.limits.per_week, context.totals) == (80, 400, Totals(110, 550))


def test_nobody_has_no_limits(session: Session, account_id: int) -> None:
    with pytest.raises(NoResultFound):
        limits.load_context(session, account_id + 1, Kind.GREET, "")
