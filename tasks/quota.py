"""The quota for tasks: Redis decides, or Postgres while Redis is unavailable; lost counters are rebuilt.

A grant carries the account's epoch, and the intent checks it (tasks/actions/intent.py). So an action granted
before a rebuild, or before the engine changed, can't act after it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from db.engine import Database
from db.store.notices.account_events import record_account_event
from db.store.quota import epochs, ledger, limits
from db.store.quota.fallback import Fallback
from db.store.quota.limits import LoadedContext
from worker import clock, logs, metrics
from worker.errors import RapportError, Reason, TryAgainError
from worker.quota.redis_quota import QuotaUnavailableError, RedisQuota
from worker.rules.model import Kind
from worker.rules.notices.kinds import NoticeKind
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.model import Decision, QuotaContext, QuotaState, Verb, Verdict

log = logs.get_logger(__name__)

_TRIES: Final = 4
"""Ask, rebuild, ask again, and repeat that if another process rebuilt in between."""


def make_reservation_id(action_id: UUID, attempt: int) -> str:
    """Return the id of an attempt's reservation: repeated requests count once, a new attempt has a new id."""
    return f"{action_id}:{attempt}"


_SITE_FAULTS: Final = frozenset({Reason.SITE_UNREACHABLE, Reason.SITE_UNEXPECTED, Reason.PROOF_MISSING})


def site_health(error: RapportError) -> Outcome:
    """Return the outcome of an error for the breaker: NONE unless the error is the site's."""
    return Outcome.FAILURE if error.reason in _SITE_FAULTS else Outcome.NONE


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to a reservation, with its context. `failing`: the breaker counts failures."""

    reservation_id: str
    context: QuotaContext
    decision: Decision
    by_fallback: bool
    failing: bool


class QuotaEngine(Protocol):
    """The interface of both engines, RedisQuota and Fallback."""

    def reserve(self, context: QuotaContext, reservation_id: str, *, lease: timedelta) -> Decision:
        """Take one unit from every window or from none."""

    def remaining(self, context: QuotaContext) -> Decision:
        """Return what is left."""

    def start(self, context: QuotaContext, reservation_id: str) -> Decision:
        """Begin to act."""

    def settle(self, context: QuotaContext, verb: Verb, reservation_id: str, outcome: Outcome) -> Decision:
        """Commit, release or report."""

    def install(self, context: QuotaContext, state: QuotaState) -> Decision:
        """Replace the counters."""


class Quota:
    """Every use of the quota. No answer means no action; a unit that certainly was not used is released."""

    def __init__(self, database: Database, redis_quota: RedisQuota, *, lease: timedelta) -> None:
        self._database = database
        self._redis_quota = redis_quota
        self._lease = lease

    def reserve(
        self,
        account_id: int,
        kind: Kind,
        run_id: str,
        reservation: str,
        *,
        loaded: LoadedContext | None = None,
    ) -> Grant:
        """Ask for one unit; its lease expires unless `start` follows. `loaded` is read if it is not given.

        Raises TryAgainError when the counters are lost again after each rebuild.
        """
        began_s = clock.monotonic_seconds()
        used, decision, by_fallback = self._ask(
            account_id,
            kind,
            run_id,
            lambda engine, context: engine.reserve(context, reservation, lease=self._lease),
            loaded,
        )
        decided_by = "postgres" if by_fallback else "redis"
        metrics.RESERVATION_SECONDS.labels(decided_by).observe(clock.monotonic_seconds() - began_s)
        metrics.QUOTA_DECISIONS.labels(kind, decision.reason or decision.verdict).inc()
        return Grant(reservation, used.context, decision, by_fallback, used.failing)

    def remaining(self, account_id: int, kind: Kind, run_id: str) -> tuple[QuotaContext, Decision]:
        """Return the limits in force, what is left, and why a reservation would be denied now.

        Raises as `reserve`.
        """
        loaded, decision, _ = self._ask(
            account_id, kind, run_id, lambda engine, context: engine.remaining(context)
        )
        return loaded.context, decision

    def start(self, grant: Grant) -> bool:
        """Begin to act: the unit counts until it is settled. Return False if it has lapsed: don't act."""
        try:
            with self._engine(in_postgres=grant.by_fallback) as engine:
                return engine.start(grant.context, grant.reservation_id).verdict is Verdict.STARTED
        except QuotaUnavailableError as error:
            log.warning("quota_away", account=grant.context.account_id, text=str(error))
            return False

    def settle(self, grant: Grant, verb: Verb, outcome: Outcome = Outcome.NONE) -> None:
        """Commit, release or report. Without Redis a reserved unit lapses, an acting one stays charged."""
        try:
            with self._engine(in_postgres=grant.by_fallback) as engine:
                decision = engine.settle(grant.context, verb, grant.reservation_id, outcome)
        except QuotaUnavailableError as error:
            log.warning("unit_not_settled", account=grant.context.account_id, verb=verb, text=str(error))
            return
        if decision.verdict is Verdict.LATE:
            log.warning("unit_settled_late", account=grant.context.account_id)
        changed = outcome is Outcome.FAILURE or (outcome is Outcome.SUCCESS and grant.failing)
        if changed and decision.verdict is not Verdict.COLD:
            self._save_breaker(grant.context, decision.breaker)

    def settle_by_id(self, verb: Verb, account_id: int, kind: Kind, run_id: str, reservation: str) -> None:
        """Settle a reservation of another worker in both engines; the one without counters answers `cold`."""
        loaded = self._load_context(account_id, kind, run_id)
        for by_fallback in (False, True):
            self.settle(
                Grant(reservation, loaded.context, Decision(Verdict.COLD), by_fallback, loaded.failing), verb
            )

    def compare_with_ledger(self, account_id: int) -> bool:
        """Compare Redis' counters with the ledger; if they differ, rebuild them and return False.

        Accounts with an action in flight are skipped. A difference must be seen twice, because an action may
        end between the two readings.
        """
        for kind in Kind:
            if self._differs_from_ledger(account_id, kind) and self._differs_from_ledger(account_id, kind):
                metrics.QUOTA_DISAGREEMENTS.labels(kind).inc()
                context = self._load_context(account_id, kind, "").context
                log.warning("quota_disagrees", account=account_id, kind=kind)
                self._tell_disagreement(context)
                self.rebuild(context, in_postgres=False)
                return False
        return True

    def _tell_disagreement(self, context: QuotaContext) -> None:
        with self._database.transaction() as session:
            record_account_event(
                session,
                NoticeKind.QUOTA_DISAGREEMENT,
                context.account_id,
                key=f"{context.account_id}:{context.epoch}",
                payload={"kind": context.kind},
            )

    def _differs_from_ledger(self, account_id: int, kind: Kind) -> bool:
        context = self._load_context(account_id, kind, "").context
        try:
            in_redis = self._redis_quota.remaining(context)
        except QuotaUnavailableError:
            return False
        with self._database.transaction() as session:
            in_ledger = ledger.remaining_by_ledger(session, context)
            is_idle = ledger.is_account_idle(session, account_id)
        return is_idle and in_redis.verdict is not Verdict.COLD and in_redis.remaining != in_ledger.remaining

    def rebuild(self, context: QuotaContext, *, in_postgres: bool) -> bool:
        """Rebuild the counters from the ledger and the open actions; return False if another process did.

        Runs under the account's lock, so that only one of many processes that find the counters lost rebuilds
        them. Once the epoch is raised no older grant can act, so the ledger is complete.
        """
        with self._database.transaction() as session:
            epoch = epochs.raise_epoch(session, context.account_id, seen=context.epoch)
            if epoch is None:
                return False
            state = ledger.read_ledger(session, context)
            engine: QuotaEngine = Fallback(session) if in_postgres else self._redis_quota
            try:
                engine.install(replace(context, epoch=epoch), state)
            except QuotaUnavailableError as error:  # the epoch stays raised, so the next caller rebuilds
                log.warning("quota_not_rebuilt", account=context.account_id, text=str(error))
                return False
        where = "postgres" if in_postgres else "redis"
        metrics.QUOTA_REBUILDS.labels(where).inc()
        units = len(state.charges)
        log.info("quota_rebuilt", account=context.account_id, epoch=epoch, units=units, engine=where)
        return True

    def _ask(
        self,
        account_id: int,
        kind: Kind,
        run_id: str,
        question: Callable[[QuotaEngine, QuotaContext], Decision],
        known: LoadedContext | None = None,
    ) -> tuple[LoadedContext, Decision, bool]:
        for _ in range(_TRIES):
            loaded, known = known or self._load_context(account_id, kind, run_id), None
            in_postgres = False
            try:
                decision = question(self._redis_quota, loaded.context)
            except QuotaUnavailableError as error:
                log.warning("quota_fallback", account=account_id, text=str(error))
                metrics.QUOTA_FALLBACK.inc()
                in_postgres = True
                with self._engine(in_postgres=True) as engine:
                    decision = question(engine, loaded.context)
            if decision.verdict is not Verdict.COLD:
                return loaded, decision, in_postgres
            self.rebuild(loaded.context, in_postgres=in_postgres)
        raise TryAgainError(Reason.QUOTA_UNREADABLE, "the quota's counters were lost repeatedly")

    def _load_context(self, account_id: int, kind: Kind, run_id: str) -> LoadedContext:
        with self._database.transaction() as session:
            return limits.load_context(session, account_id, kind, run_id)

    @contextmanager
    def _engine(self, *, in_postgres: bool) -> Iterator[QuotaEngine]:
        if not in_postgres:
            yield self._redis_quota
            return
        with self._database.transaction() as session:
            yield Fallback(session)

    def _save_breaker(self, context: QuotaContext, breaker: Breaker) -> None:
        with self._database.transaction() as session:
            ledger.write_breaker(session, context.account_id, context.kind, breaker)
