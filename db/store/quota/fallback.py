"""The fallback: decides in Postgres while Redis is unavailable, by the same rules."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, Text, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.quota.epochs import lock_epochs
from db.store.quota.ledger import read_clock, to_breaker, write_breaker
from db.tables import QuotaCharge, QuotaEpoch, QuotaGate
from worker.rules.model import Kind
from worker.rules.quota import decision as rules
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.limits import draw_gap
from worker.rules.quota.model import Charge, Decision, QuotaContext, QuotaState, Verb, Verdict


class Fallback:
    """Decides in Postgres, one decision of an account at a time; the verbs are those of RedisQuota.

    Each verb needs its own transaction, and answers COLD until `install` was called in the context's epoch.
    """

    def __init__(
        self, session: Session, *, now: datetime | None = None, draw: random.Random | None = None
    ) -> None:
        self._session = session
        self._now = now or read_clock(session)
        self._draw = draw or random.SystemRandom()

    def reserve(self, context: QuotaContext, reservation_id: str, *, lease: timedelta) -> Decision:
        """Take one unit from every window or from none, as RedisQuota.reserve."""
        gap = draw_gap(context.limits, self._draw.random())
        return self._decide(
            context,
            lambda state: rules.reserve(state, context, reservation_id, gap=gap, lease=lease, now=self._now),
        )

    def remaining(self, context: QuotaContext) -> Decision:
        """Return what is left, as RedisQuota.remaining."""
        return self._decide(context, lambda state: (rules.remaining(state, context, self._now), state))

    def start(self, context: QuotaContext, reservation_id: str) -> Decision:
        """Begin to act, as RedisQuota.start."""
        return self._decide(context, lambda state: rules.start(state, context, reservation_id, self._now))

    def settle(self, context: QuotaContext, verb: Verb, reservation_id: str, outcome: Outcome) -> Decision:
        """Commit, release or report, as RedisQuota.settle."""
        return self._decide(
            context,
            lambda state: rules.settle(state, context, verb, reservation_id, outcome=outcome, now=self._now),
        )

    def reset_breaker(self, context: QuotaContext) -> Decision:
        """Close the breaker, as RedisQuota.reset_breaker."""
        noted = Decision(Verdict.NOTED)
        return self._decide(context, lambda state: (noted, state.with_breaker(context.kind, Breaker())))

    def install(self, context: QuotaContext, state: QuotaState) -> Decision:
        """Replace the account's counters, as RedisQuota.install."""
        lock_epochs(self._session, context.account_id)
        of_account = update(QuotaEpoch).where(QuotaEpoch.account_id == context.account_id)
        self._session.execute(of_account.values(fallback=context.epoch))
        before = _load_state(self._session, context.account_id)
        _save_changes(self._session, context.account_id, before, state)
        return Decision(Verdict.NOTED)

    def _decide(
        self, context: QuotaContext, rule: Callable[[QuotaState], tuple[Decision, QuotaState]]
    ) -> Decision:
        """Apply `rule` to the stored state under the account's lock, and store what it changes."""
        if context.epoch == 0:  # the counters have never been built
            return Decision(Verdict.COLD)
        epoch, fallback = lock_epochs(self._session, context.account_id)
        if epoch != context.epoch or fallback != context.epoch:
            return Decision(Verdict.COLD)
        before = _load_state(self._session, context.account_id)
        decision, after = rule(before)
        _save_changes(self._session, context.account_id, before, after)
        return decision


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
        {Kind(gate.kind): to_breaker(gate, probe=gate.probe) for gate in gates},
    )


def _save_changes(session: Session, account_id: int, before: QuotaState, after: QuotaState) -> None:
    """Write what differs: one or two rows for a decision, none for a denial, all of them for a rebuild."""
    if after is before:
        return
    old, new = set(before.charges), set(after.charges)
    if removed := old - new:
        keys = (
            func.unnest(
                literal([charge.kind.value for charge in removed], ARRAY(Text)),
                literal([charge.reservation_id for charge in removed], ARRAY(Text)),
            )
            .table_valued("kind", "reservation_id")
            .render_derived()
        )
        session.execute(
            delete(QuotaCharge).where(
                QuotaCharge.account_id == account_id,
                QuotaCharge.kind == keys.c.kind,
                QuotaCharge.reservation_id == keys.c.reservation_id,
            ),
            execution_options={"synchronize_session": False},
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
