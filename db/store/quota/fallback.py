"""The quota in Postgres: the epoch that fences grants, the books of the ledger, and the fallback."""

import random
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.quota import limits
from db.tables import Action, QuotaCharge, QuotaEpoch, QuotaGate
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import Kind
from worker.rules.quota import decision as rules
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.decision import WEEK, Charge, Decision, QuotaContext, QuotaState, Verb, Verdict
from worker.rules.quota.limits import draw_gap


def raise_epoch(session: Session, account_id: int, *, seen: int) -> int | None:
    """Make every grant of epoch `seen` and before worthless, and return the new epoch.

    None: somebody else has done it since. Holds the account's lock until the transaction ends, so of many
    who find the counters lost one rebuilds them.
    """
    epoch = _lock_or_create(session, account_id)
    if epoch != seen:
        return None
    session.execute(update(QuotaEpoch).where(QuotaEpoch.account_id == account_id).values(epoch=epoch + 1))
    return epoch + 1


def reset_breakers(session: Session, account_id: int, kinds: Collection[Kind]) -> None:
    """Close the breakers of `kinds`, for operators; whoever decides next rebuilds the counters."""
    raise_epoch(session, account_id, seen=_lock_or_create(session, account_id))
    for kind in kinds:
        write_breaker(session, account_id, kind, Breaker())


def is_current_epoch(session: Session, account_id: int, epoch: int) -> bool:
    """Whether the grants of `epoch` are still good; holds that true until the transaction ends."""
    statement = select(QuotaEpoch.epoch).where(QuotaEpoch.account_id == account_id)
    return session.scalar(statement.with_for_update(read=True)) == epoch


def read_ledger(session: Session, context: QuotaContext) -> QuotaState:
    """Return the books as the actions and interactions tell them. A gap is taken as long as it can be."""
    rows = session.execute(load_query("quota_ledger"), {"account_id": context.account_id, "week": WEEK})
    charges = tuple(
        Charge(Kind(kind), reservation_id, charged_at, run_id, held)
        for kind, reservation_id, charged_at, run_id, held in rows
    )
    longest = limits.get_longest_gaps(session, context.account_id)
    gaps: dict[Kind, datetime] = {}
    for charge in charges:
        until = charge.at + longest[charge.kind]
        gaps[charge.kind] = max(until, gaps.get(charge.kind, until))
    gates = session.scalars(select(QuotaGate).where(QuotaGate.account_id == context.account_id))
    return QuotaState(charges, gaps, {Kind(gate.kind): _breaker(gate, probe=None) for gate in gates})


def remaining_by_ledger(session: Session, context: QuotaContext) -> Decision:
    """Return what is left as the ledger tells it: what rebuilding would come to, asking no Redis."""
    now = session.scalars(select(func.clock_timestamp())).one()
    return rules.remaining(read_ledger(session, context), context, now)


def list_active_accounts(session: Session) -> list[int]:
    """Return the accounts that have used any quota in the last seven days."""
    lately = Action.acting_since > func.now() - WEEK
    return list(session.scalars(select(Action.account_id).where(lately).distinct()))


def is_account_idle(session: Session, account_id: int) -> bool:
    """Whether no action of the account is under way, so that no reservation is either."""
    under_way = select(Action.id).where(Action.account_id == account_id, Action.state.in_(IN_FLIGHT))
    return session.scalars(under_way.limit(1)).first() is None


def write_breaker(session: Session, account_id: int, kind: Kind, breaker: Breaker) -> None:
    """Remember the breaker as the script has it, for the next rebuild."""
    values = {
        "failures": breaker.failures,
        "openings": breaker.openings,
        "open_until": breaker.open_until,
        "probe": breaker.probe,
    }
    statement = insert(QuotaGate).values(account_id=account_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "kind"], set_=values))


class Fallback:
    """Decides in Postgres while Redis is away: the same rules, one decision of an account at a time.

    Each verb needs its own transaction, and answers COLD until `install` was called in the context's epoch.
    """

    def __init__(
        self, session: Session, *, now: datetime | None = None, draw: random.Random | None = None
    ) -> None:
        self._session = session
        self._now: datetime = now or session.scalars(select(func.clock_timestamp())).one()
        self._draw = draw or random.SystemRandom()

    def reserve(self, context: QuotaContext, reservation_id: str, *, lease: timedelta) -> Decision:
        """As Guard.reserve."""
        gap = draw_gap(context.limits, self._draw.random())
        return self._change(
            context,
            lambda books: rules.reserve(books, context, reservation_id, gap=gap, lease=lease, now=self._now),
        )

    def remaining(self, context: QuotaContext) -> Decision:
        """As Guard.remaining."""
        return self._change(context, lambda books: (rules.remaining(books, context, self._now), books))

    def start(self, context: QuotaContext, reservation_id: str) -> Decision:
        """As Guard.start."""
        return self._change(context, lambda books: rules.start(books, context, reservation_id, self._now))

    def settle(self, context: QuotaContext, verb: Verb, reservation_id: str, outcome: Outcome) -> Decision:
        """As Guard.settle."""
        return self._change(
            context,
            lambda books: rules.settle(books, context, verb, reservation_id, outcome=outcome, now=self._now),
        )

    def reset_breaker(self, context: QuotaContext) -> Decision:
        """As Guard.reset_breaker."""
        noted = Decision(Verdict.NOTED)
        return self._change(context, lambda books: (noted, books.with_breaker(context.kind, Breaker())))

    def install(self, context: QuotaContext, books: QuotaState) -> Decision:
        """As Guard.install."""
        _lock(self._session, context.account_id)
        whole = update(QuotaEpoch).where(QuotaEpoch.account_id == context.account_id)
        self._session.execute(whole.values(fallback=context.epoch))
        _save_changes(
            self._session, context.account_id, _load_state(self._session, context.account_id), books
        )
        return Decision(Verdict.NOTED)

    def _change(
        self, context: QuotaContext, rule: Callable[[QuotaState], tuple[Decision, QuotaState]]
    ) -> Decision:
        if context.epoch == 0:  # nobody has built anything yet
            return Decision(Verdict.COLD)
        epoch, fallback = _lock(self._session, context.account_id)
        if epoch != context.epoch or fallback != context.epoch:
            return Decision(Verdict.COLD)
        before = _load_state(self._session, context.account_id)
        decision, after = rule(before)
        _save_changes(self._session, context.account_id, before, after)
        return decision


def _lock_or_create(session: Session, account_id: int) -> int:
    session.execute(insert(QuotaEpoch).values(account_id=account_id, epoch=0).on_conflict_do_nothing())
    epoch, _ = _lock(session, account_id)
    return epoch


def _lock(session: Session, account_id: int) -> tuple[int, int]:
    """Hold the account's quota until the transaction ends; return its epoch and the fallback's."""
    of_account = select(QuotaEpoch.epoch, QuotaEpoch.fallback).where(QuotaEpoch.account_id == account_id)
    epoch, fallback = session.execute(of_account.with_for_update()).one()
    return epoch, fallback


def _load_state(session: Session, account_id: int) -> QuotaState:
    charges = session.execute(
        select(
            QuotaCharge.kind,
            QuotaCharge.reservation_id,
            QuotaCharge.charged_at,
            QuotaCharge.run_id,
            QuotaCharge.held,
            QuotaCharge.lapses_at,
        ).where(QuotaCharge.account_id == account_id)
    )
    gates = list(session.scalars(select(QuotaGate).where(QuotaGate.account_id == account_id)))
    return QuotaState(
        tuple(
            Charge(Kind(kind), reservation_id, charged_at, run_id, held, lapses_at)
            for kind, reservation_id, charged_at, run_id, held, lapses_at in charges
        ),
        {Kind(gate.kind): gate.gap_until for gate in gates if gate.gap_until is not None},
        {Kind(gate.kind): _breaker(gate, probe=gate.probe) for gate in gates},
    )


def _breaker(gate: QuotaGate, *, probe: str | None) -> Breaker:
    return Breaker(gate.failures, gate.openings, gate.open_until, probe)


def _save_changes(session: Session, account_id: int, before: QuotaState, after: QuotaState) -> None:
    """Write what differs; a decision changes a row or two, a denial none."""
    if after is before:
        return
    old, new = set(before.charges), set(after.charges)
    for charge in old - new:
        session.execute(
            delete(QuotaCharge).where(
                QuotaCharge.account_id == account_id,
                QuotaCharge.kind == charge.kind,
                QuotaCharge.reservation_id == charge.reservation_id,
            )
        )
    rows = [
        {
            "account_id": account_id,
            "kind": charge.kind,
            "reservation_id": charge.reservation_id,
            "run_id": charge.run_id,
            "charged_at": charge.at,
            "held": charge.held,
            "lapses_at": charge.lapses_at,
        }
        for charge in new - old
    ]
    if rows:
        session.execute(insert(QuotaCharge), rows)
    for kind in Kind:
        gap, breaker = after.gaps.get(kind), after.breaker(kind)
        if gap != before.gaps.get(kind):
            statement = insert(QuotaGate).values(account_id=account_id, kind=kind, gap_until=gap)
            session.execute(
                statement.on_conflict_do_update(
                    index_elements=["account_id", "kind"], set_={"gap_until": gap}
                )
            )
        if breaker != before.breaker(kind):
            write_breaker(session, account_id, kind, breaker)
