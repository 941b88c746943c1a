"""The fallback takes one decision of an account at a time, is fenced by its epoch, and stores everything."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.quota import epochs, ledger, limits
from db.store.quota.fallback import Fallback
from db.tables import QuotaCharge
from tests import builders
from tests.db.helpers import open_database, wait_for_lock_wait
from tests.quota.helpers import LEASE, NOON, WEEK, a_context, is_current_epoch
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import FIRST_WAIT, THRESHOLD, Breaker, Outcome
from worker.rules.quota.model import Charge, Decision, QuotaContext, QuotaState, Remaining, Verb, Verdict

MINUTE = timedelta(minutes=1)


def begin(
    database: Database, context: QuotaContext, state: QuotaState | None = None, name: str = "demo"
) -> QuotaContext:
    """Install a new account's counters in the fallback, in its first epoch."""
    with database.transaction() as session:
        account_id = builders.an_account(session, name).id
        context = replace(
            context, account_id=account_id, epoch=epochs.raise_epoch(session, account_id, seen=0) or 0
        )
        Fallback(session, now=NOON).install(context, state or QuotaState())
    return context


def ask(
    database: Database, question: Callable[[Fallback], Decision], after: timedelta = timedelta(0)
) -> Decision:
    """Ask in a transaction of its own, `after` noon."""
    with database.transaction() as session:
        return question(Fallback(session, now=NOON + after))


def left(database: Database, context: QuotaContext, after: timedelta = timedelta(0)) -> Remaining:
    answer = ask(database, lambda fallback: fallback.remaining(context), after).remaining
    assert answer is not None
    return answer


def reserve(
    database: Database,
    context: QuotaContext,
    name: str,
    after: timedelta = timedelta(0),
    lease: timedelta = LEASE,
) -> Decision:
    return ask(database, lambda fallback: fallback.reserve(context, name, lease=lease), after)


def settle(
    database: Database, context: QuotaContext, verb: Verb, name: str, outcome: Outcome = Outcome.NONE
) -> Decision:
    return ask(database, lambda fallback: fallback.settle(context, verb, name, outcome))


def test_the_second_who_asks_waits_for_the_first_and_sees_what_it_took(
    database: Database, database_url: str
) -> None:
    context = begin(database, a_context(day=1))
    with open_database(database_url) as other, ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert Fallback(session, now=NOON).reserve(context, "a", lease=LEASE).granted
            second = pool.submit(reserve, other, context, "b")
            wait_for_lock_wait(database, second)
        assert second.result(30).reason is Reason.DAY_LIMIT


def test_the_second_who_rebuilds_waits_for_the_first_and_leaves_it_to_it(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = begin(database, a_context())
    really, seconds = epochs._lock_or_create, list[Future[int | None]]()

    def rebuild(own: Database) -> int | None:
        with own.transaction() as session:
            return epochs.raise_epoch(session, context.account_id, seen=context.epoch)

    def lock(session: Session, account_id: int) -> int:
        """Start the second rebuild once the first has read the epoch and not raised it yet."""
        epoch = really(session, account_id)
        if not seconds:
            seconds.append(pool.submit(rebuild, other))
            wait_for_lock_wait(database, seconds[0])
        return epoch

    monkeypatch.setattr(epochs, "_lock_or_create", lock)
    with open_database(database_url) as other, ThreadPoolExecutor(1) as pool:
        assert rebuild(database) == context.epoch + 1
        assert seconds[0].result(30) is None


def test_an_epoch_that_an_intent_relies_on_is_not_raised_before_it_is_written(
    database: Database, database_url: str
) -> None:
    context = begin(database, a_context())

    def rebuild() -> int | None:
        with open_database(database_url) as other, other.transaction() as session:
            return epochs.raise_epoch(session, context.account_id, seen=context.epoch)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert is_current_epoch(session, context.account_id, context.epoch)
            rebuilds = pool.submit(rebuild)
            wait_for_lock_wait(database, rebuilds)
            assert not rebuilds.done()
        assert rebuilds.result(30) == context.epoch + 1


def test_an_epoch_is_raised_once_by_whoever_has_seen_the_last_one(database: Database) -> None:
    context = begin(database, a_context())
    account_id = context.account_id
    with database.transaction() as session:
        assert epochs.raise_epoch(session, account_id, seen=context.epoch - 1) is None
        assert is_current_epoch(session, account_id, context.epoch)
        assert epochs.raise_epoch(session, account_id, seen=context.epoch) == context.epoch + 1
        assert not is_current_epoch(session, account_id, context.epoch)
        assert not is_current_epoch(session, account_id, context.epoch + 2)
        assert limits.load_context(session, account_id, Kind.GREET, "").context.epoch == context.epoch + 1


def test_counters_that_are_not_of_this_epoch_grant_nothing(database: Database) -> None:
    context = begin(database, a_context())
    assert reserve(database, context, "a").granted
    with database.transaction() as session:
        stranger = builders.an_account(session, "stranger").id
    assert reserve(database, replace(context, account_id=stranger, epoch=0), "b").verdict is Verdict.COLD
    with database.transaction() as session:  # Redis has been rebuilt since
        assert epochs.raise_epoch(session, context.account_id, seen=context.epoch) == context.epoch + 1
    for epoch in (context.epoch, context.epoch + 1):
        now = replace(context, epoch=epoch)
        assert reserve(database, now, "c").verdict is Verdict.COLD
        assert ask(database, lambda fallback, now=now: fallback.start(now, "a")).verdict is Verdict.COLD  # type: ignore[misc]  # mypy can't tell a default's type
        assert settle(database, now, Verb.COMMIT, "a").verdict is Verdict.COLD


def test_what_is_reserved_started_given_back_or_lapses_is_kept(database: Database) -> None:
    context = begin(database, a_context())
    for name, lease in (("lapses", MINUTE), ("acts", MINUTE), ("goes back", LEASE), ("used", MINUTE)):
        assert reserve(database, context, name, lease=lease).granted
    assert ask(database, lambda fallback: fallback.start(context, "acts")).verdict is Verdict.STARTED
    assert settle(database, context, Verb.RELEASE, "goes back").verdict is Verdict.RELEASED
    assert settle(database, context, Verb.COMMIT, "used").verdict is Verdict.COMMITTED
    assert left(database, context) == Remaining(997, 997, 997, 9997, 9997)
    assert left(database, context, MINUTE) == Remaining(998, 998, 998, 9998, 9998)
    assert left(database, replace(context, run_id="another"), MINUTE).run == 1000
    assert left(database, replace(context, kind=Kind.VISIT), MINUTE).day == 1000
    assert left(database, context, WEEK).week == 1000


def test_what_no_window_counts_is_dropped(database: Database) -> None:
    old = tuple(Charge(Kind.GREET, f"{number}", NOON - WEEK) for number in range(3))
    context = begin(database, a_context(), QuotaState(old))
    assert reserve(database, context, "new").granted
    with database.transaction() as session:
        assert session.scalars(select(QuotaCharge.reservation_id)).all() == ["new"]


def test_a_gap_and_a_probe_are_kept(database: Database) -> None:
    context = begin(
        database, a_context(gap=MINUTE), QuotaState(breakers={Kind.GREET: Breaker(THRESHOLD, 1, NOON)})
    )
    assert reserve(database, context, "probe").granted
    denied = reserve(database, context, "b")
    assert (denied.reason, denied.retry_at) == (Reason.BREAKER_PROBE, NOON + MINUTE)
    assert settle(database, context, Verb.COMMIT, "probe", Outcome.SUCCESS).breaker == Breaker()
    denied = reserve(database, context, "b")
    assert (denied.reason, denied.retry_at) == (Reason.GAP, NOON + MINUTE)
    assert reserve(database, context, "b", MINUTE).granted


def test_each_gap_takes_the_place_of_the_last_one(database: Database) -> None:
    context = begin(database, a_context(gap=MINUTE))
    assert reserve(database, context, "a").granted
    assert reserve(database, context, "b", MINUTE).granted
    assert reserve(database, context, "c", MINUTE).retry_at == NOON + 2 * MINUTE


def test_a_unit_given_back_is_given_back_in_its_account_and_kind_only(database: Database) -> None:
    purses = [begin(database, a_context(), name=name) for name in ("ours", "theirs")]
    purses.append(replace(purses[0], kind=Kind.VISIT))
    for context in purses:
        assert reserve(database, context, "same").granted
    assert settle(database, purses[0], Verb.RELEASE, "same").verdict is Verdict.RELEASED
    assert [left(database, context).day for context in purses] == [1000, 999, 999]


def test_faults_in_a_row_are_kept_until_they_open_the_breaker(database: Database) -> None:
    context = begin(database, a_context())
    for number in range(THRESHOLD):
        settle(database, context, Verb.REPORT, f"{number}", Outcome.FAILURE)
    denied = reserve(database, context, "a")
    assert (denied.reason, denied.retry_at) == (Reason.BREAKER_OPEN, NOON + FIRST_WAIT)
    assert ask(database, lambda fallback: fallback.reset_breaker(context)).verdict is Verdict.NOTED
    assert reserve(database, context, "a").granted


def test_the_gap_is_drawn_between_its_bounds(database: Database) -> None:
    context = begin(database, a_context(gap=MINUTE, gap_max=2 * MINUTE))

    class FixedJitter:
        def random(self) -> float:
            return 0.25

    with database.transaction() as session:
        fallback = Fallback(session, now=NOON, draw=FixedJitter())  # type: ignore[arg-type]  # says what it is answer
        assert fallback.reserve(context, "a", lease=LEASE).granted
    assert reserve(database, context, "b").retry_at == NOON + 1.25 * MINUTE


def test_another_account_s_units_gaps_and_breakers_are_its_own(database: Database) -> None:
    opened = Breaker(THRESHOLD, 1, NOON + MINUTE)
    state = QuotaState(
        (Charge(Kind.GREET, "theirs", NOON, "run"), Charge(Kind.VISIT, "same", NOON, "run", held=True)),
        {Kind.GREET: NOON + MINUTE},
        {Kind.GREET: opened},
    )
    theirs = begin(database, a_context(), state, name="theirs")
    ours = begin(database, a_context(), name="ours")
    visits = replace(ours, kind=Kind.VISIT)
    assert reserve(database, visits, "same").verdict is Verdict.GRANTED
    assert reserve(database, ours, "same").verdict is Verdict.GRANTED
    assert settle(database, visits, Verb.RELEASE, "same").verdict is Verdict.RELEASED
    assert left(database, ours) == Remaining(999, 999, 999, 9999, 9999)
    assert left(database, replace(theirs, kind=Kind.VISIT)).day == 999
    with database.transaction() as session:
        ledger.write_breaker(session, ours.account_id, Kind.GREET, Breaker())
        Fallback(session, now=NOON).install(ours, QuotaState())
    assert left(database, ours) == Remaining(1000, 1000, 1000, 10_000, 10_000)
    kept = ask(database, lambda fallback: fallback.remaining(theirs))
    assert (kept.remaining, kept.breaker) == (Remaining(999, 999, 999, 9998, 9998), opened)


def test_installing_replaces_what_was_counted_before(database: Database) -> None:
    context = begin(database, a_context(gap=MINUTE))
    assert reserve(database, context, "a").granted
    with database.transaction() as session:
        epoch = epochs.raise_epoch(session, context.account_id, seen=context.epoch)
        context = replace(context, epoch=epoch or 0)
        Fallback(session, now=NOON).install(context, QuotaState((Charge(Kind.GREET, "b", NOON, "run"),)))
    assert left(database, context) == Remaining(999, 999, 999, 9999, 9999)
    assert reserve(database, context, "c").granted


def test_a_rebuild_removes_everything_in_one_statement(database: Database) -> None:
    before = tuple(
        Charge(kind, f"{number}", NOON, "run") for kind in (Kind.GREET, Kind.VISIT) for number in range(3)
    )
    after = (*before[:2], Charge(Kind.VISIT, "0", NOON + MINUTE, "run"), Charge(Kind.GREET, "3", NOON, "run"))
    context = begin(database, a_context(), QuotaState(before))
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    with database.transaction() as session:
        Fallback(session, now=NOON).install(context, QuotaState(after))
    assert [each.split()[0] for each in statements].count("DELETE") == 1
    with database.transaction() as session:
        stored = session.execute(
            select(QuotaCharge.kind, QuotaCharge.reservation_id, QuotaCharge.charged_at)
        ).all()
    assert sorted(stored) == sorted((each.kind, each.reservation_id, each.at) for each in after)


@pytest.mark.parametrize("kinds", [(Kind.GREET,), tuple(Kind)])
def test_a_reset_closes_the_breakers_that_it_names_and_ends_the_epoch(
    database: Database, kinds: tuple[Kind, ...]
) -> None:
    opened = Breaker(THRESHOLD, 1, NOON + MINUTE, "a probe")
    context = begin(database, a_context())
    with database.transaction() as session:
        for kind in (Kind.GREET, Kind.VISIT):
            ledger.write_breaker(session, context.account_id, kind, opened)
    with database.transaction() as session:
        epochs.reset_breakers(session, context.account_id, kinds)
        assert not is_current_epoch(session, context.account_id, context.epoch)
        state = ledger.read_ledger(session, context)
    assert state.breaker(Kind.GREET) == Breaker()
    assert state.breaker(Kind.VISIT) == (
        Breaker() if Kind.VISIT in kinds else replace(opened, probe=None)  # its probe is fenced by the epoch
    )
