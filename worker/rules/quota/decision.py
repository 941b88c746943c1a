"""How the quota decides: one function for each verb, from a state to an answer and the next state.

This is the specification of both engines: quota.lua does the same in Redis, and the fallback in Postgres
calls these functions.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from worker.rules.quota.breaker import Outcome, record_outcome
from worker.rules.quota.gates import WEEK, Usage, closed_gates, usage
from worker.rules.quota.model import Charge, Decision, QuotaContext, QuotaState, Verb, Verdict
from worker.rules.quota.windows import local_day


def release_lapsed(state: QuotaState, now: datetime) -> QuotaState:
    """Return the state without reservations whose lease has expired. A lapsed probe lets another start."""
    lapsed = [c for c in state.charges if c.lapses_at is not None and c.lapses_at <= now]
    for charge in lapsed:
        breaker = state.breaker(charge.kind)
        if breaker.probe == charge.reservation_id:
            state = state.with_breaker(charge.kind, replace(breaker, probe=None))
    return state.without(*lapsed) if lapsed else state


def remaining(state: QuotaState, context: QuotaContext, now: datetime) -> Decision:
    """Return what is left, and why a reservation would be denied: the closed gate that opens last."""
    state = release_lapsed(state, now)
    return _remaining(state, context, usage(state, context, now), now)


def _remaining(state: QuotaState, context: QuotaContext, used: Usage, now: datetime) -> Decision:
    closed = closed_gates(state, context, used, now)
    reason, retry_at = max(closed, key=lambda gate: gate[1]) if closed else (None, None)
    return Decision(Verdict.REMAINING, used.left(context), reason, retry_at, state.breaker(context.kind))


def reserve(
    state: QuotaState,
    context: QuotaContext,
    reservation_id: str,
    *,
    gap: timedelta,
    lease: timedelta,
    now: datetime,
) -> tuple[Decision, QuotaState]:
    """Check every gate, then take one unit from all windows or from none. Idempotent by reservation id."""
    state = release_lapsed(state, now)
    used = usage(state, context, now)
    asked = _remaining(state, context, used, now)
    known = state.find(context.kind, reservation_id)
    if known is not None and now - known.at < WEEK:
        return replace(asked, verdict=Verdict.REPLAY, reason=None, retry_at=None), state
    if asked.reason is not None:
        return replace(asked, verdict=Verdict.DENIED), state
    state = replace(state, charges=tuple(c for c in state.charges if c.held or now - c.at < WEEK))
    state = state.with_charge(
        Charge(context.kind, reservation_id, now, context.run_id, held=True, lapses_at=now + lease)
    )
    state = replace(state, gaps={**state.gaps, context.kind: now + gap})
    breaker = state.breaker(context.kind)
    if breaker.open_until is not None:
        breaker = replace(breaker, probe=reservation_id)
        state = state.with_breaker(context.kind, breaker)
    over = now + gap if gap else None
    left = used.with_one_more().left(context)
    return Decision(Verdict.GRANTED, left, retry_at=over, breaker=breaker), state


def start(
    state: QuotaState, context: QuotaContext, reservation_id: str, now: datetime
) -> tuple[Decision, QuotaState]:
    """Begin to act: the effect may happen from now on, so the unit counts until it is settled.

    It counts in its windows from now on, as in the ledger; seconds may have passed since its grant. A unit of
    an earlier day is refused: the effect would be one of today, and count in none of today's windows.
    """
    state = release_lapsed(state, now)
    charge = state.find(context.kind, reservation_id)
    if charge is None or not charge.held or charge.at < local_day(now, context.zone).start:
        return Decision(Verdict.ABSENT, breaker=state.breaker(context.kind)), state
    state = state.with_charge(replace(charge, at=now, lapses_at=None))
    return Decision(Verdict.STARTED, breaker=state.breaker(context.kind)), state


def settle(
    state: QuotaState,
    context: QuotaContext,
    verb: Verb,
    reservation_id: str,
    *,
    outcome: Outcome,
    now: datetime,
) -> tuple[Decision, QuotaState]:
    """Commit (it happened), release (it certainly did not) or only report the outcome. Idempotent.

    A commit after a release or a lapse is accepted, and charged again. A settled unit is never released.
    """
    state = release_lapsed(state, now)
    before = state.breaker(context.kind)
    after = record_outcome(before, outcome, reservation_id, now)
    if verb is not Verb.REPORT and before.probe == reservation_id:
        after = replace(after, probe=None)
    if after != before:
        state = state.with_breaker(context.kind, after)
    charge = state.find(context.kind, reservation_id)
    if charge is not None and not charge.held and now - charge.at >= WEEK:
        charge = None
    charged = charge or Charge(context.kind, reservation_id, now, context.run_id)
    if verb is Verb.COMMIT:
        state = state.with_charge(replace(charged, held=False, lapses_at=None))
    elif verb is Verb.RELEASE and charge is not None and charge.held:
        state = state.without(charge)
    return Decision(_settle_verdict(verb, charge), breaker=after), state


def _settle_verdict(verb: Verb, charge: Charge | None) -> Verdict:
    if verb is Verb.REPORT:
        return Verdict.NOTED
    if charge is None:
        return Verdict.LATE if verb is Verb.COMMIT else Verdict.ABSENT
    return Verdict.RELEASED if verb is Verb.RELEASE and charge.held else Verdict.COMMITTED
