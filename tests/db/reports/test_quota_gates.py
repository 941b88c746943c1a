"""The quota's gates in `rapport why`: each window, gap, breaker, pause and working hours."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from api_stub.cli import formatting
from api_stub.explain.next_step import find_next_step
from api_stub.explain.quota_gates import Gate
from api_stub.responses.quota_windows import QuotaReading, Source
from db.store.quota import limits
from db.store.reports import gate_facts
from tests.builders import FREE
from tests.db.reports.why_helpers import closed_gates, find_gate, one_planned, quota_reading
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.model import Remaining
from worker.rules.quota.windows import Hours, local_day, opening
from worker.rules.wording.reasons import describe_reason


def test_the_quota_s_own_time_is_the_next_step_s_and_each_window_is_told(session: Session) -> None:
    _, facts = one_planned(session)
    tomorrow = local_day(facts.now, facts.account.zone).end
    for left, name, reason in (
        (Remaining(5, 0, 5, 5, 5), "greet, day", Reason.DAY_LIMIT),
        (Remaining(0, 5, 5, 5, 5), "greet, run", Reason.RUN_LIMIT),
        (Remaining(5, 5, 0, 5, 5), "greet, 7 days", Reason.WEEK_LIMIT),
        (Remaining(5, 5, 5, 0, 5), "all kinds, day", Reason.ALL_DAY_LIMIT),
        (Remaining(5, 5, 5, 5, 0), "all kinds, 7 days", Reason.ALL_WEEK_LIMIT),
    ):
        answer = quota_reading(left, reason, tomorrow)
        assert closed_gates(facts, answer) == [name]
        assert find_next_step(facts, answer).at == tomorrow
        assert describe_reason(reason) in find_next_step(facts, answer).what
    late = facts.now + timedelta(days=3)
    assert find_next_step(facts, quota_reading(Remaining(5, 5, 0, 5, 5), Reason.WEEK_LIMIT, late)).at == late


def test_a_gap_a_breaker_and_a_pause_are_told_with_their_times(session: Session) -> None:
    _, facts = one_planned(session)
    soon, left = facts.quota.now + timedelta(minutes=5), Remaining(5, 5, 5, 5, 5)
    waits = quota_reading(left, Reason.GAP, soon)
    assert closed_gates(facts, waits) == ["gap"]
    assert (
        formatting.format_time(soon, formatting.UTC_ZONE, seconds=True) in find_gate(facts, "gap", waits).says
    )
    opened = quota_reading(left, Reason.BREAKER_OPEN, soon, breaker=Breaker(3, 1, soon))
    assert closed_gates(facts, opened) == ["breaker"]
    assert find_gate(facts, "breaker", opened).says.startswith(
        f"open until {formatting.format_time(soon, formatting.UTC_ZONE)}, after 3 faults"
    )
    past = Breaker(3, 1, facts.now - timedelta(minutes=5))
    assert find_gate(facts, "breaker", quota_reading(left, breaker=past)) == Gate(
        "breaker", True, "half-open after 3 faults of the site in a row: one action tries first and decides"
    )
    probing = quota_reading(left, Reason.BREAKER_PROBE, soon, breaker=past)
    assert closed_gates(facts, probing) == ["breaker"]
    one = find_gate(facts, "breaker", quota_reading(left, breaker=Breaker(1)))
    assert (one.open, one.says) == (True, "closed; 1 fault of the site in a row, 3 open it")


def test_what_a_limit_page_and_a_warm_up_left_behind_is_told(session: Session) -> None:
    _, facts = one_planned(session)
    limits.cut_limits(session, facts.account.id, Kind.GREET)
    limits.set_warm_up(session, facts.account.id, facts.now.date() - timedelta(days=7), by="tests")
    facts = gate_facts.get_account_facts(session, facts.account.id)
    day = timedelta(days=1)
    in_force = facts.quota.context.limits
    assert (in_force.per_run, in_force.per_day, in_force.per_week) == (3500, 3500, 24_500)
    answer = QuotaReading(facts.quota.by_ledger, Source.LEDGER)
    paused = find_gate(facts, "pause", answer)
    assert not paused.open
    assert (
        f"until {formatting.format_time(facts.now + day, formatting.UTC_ZONE)}, after a limit page"
        in paused.says
    )
    assert (
        f"cut by 30 % until {formatting.format_time(facts.now + 7 * day, formatting.UTC_ZONE)}" in paused.says
    )
    until = facts.now.date() + 14 * day
    assert (
        find_gate(facts, "warm-up", answer).says == f"week 2 of 3: a half of the limits; in full on {until}"
    )
    assert find_next_step(facts, answer).at == facts.now + day


def test_working_hours_are_told_with_the_next_opening(session: Session) -> None:
    _, facts = one_planned(session)
    hour = facts.now.hour
    ahead = Hours(timedelta(hours=(hour + 2) % 24), timedelta(hours=(hour + 2) % 24 + 1))
    set_hours(session, facts.account.id, ahead)
    shut = gate_facts.get_account_facts(session, facts.account.id)
    set_hours(session, facts.account.id, Hours(days=frozenset({facts.now.weekday()})))
    opened = gate_facts.get_account_facts(session, facts.account.id)
    answer = QuotaReading(shut.quota.by_ledger, Source.LEDGER)
    assert closed_gates(shut, answer) == ["working hours"]
    at = opening(shut.now, ahead, shut.account.zone).start
    assert find_gate(shut, "working hours").says.endswith(
        f"every day in UTC; opens at {formatting.format_time(at, formatting.UTC_ZONE)}"
    )
    assert find_next_step(shut, answer).at == at
    assert "open until" in find_gate(opened, "working hours").says


def set_hours(session: Session, account_id: int, hours: Hours) -> None:
    limits.set_limits(session, account_id, Kind.GREET, replace(FREE, hours=hours), by="tests")
