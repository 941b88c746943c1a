"""The quota as tasks use it: Redis decides, Postgres when Redis is away, and lost counters are rebuilt.

Whoever decides, a grant carries the account's epoch, and the intent asks for it (actions.intend): what was
granted before a rebuild or a change of engine can't act after it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from db.engine import Database
from db.store.quota import fallback, limits
from db.store.quota.fallback import Fallback
from db.store.quota.limits import LoadedContext
from worker import logs, metrics
from worker.errors import RapportError, Reason, TryAgainError
from worker.quota.redis_quota import QuotaUnavailableError, RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.decision import Decision, QuotaContext, QuotaState, Verb, Verdict

log = logs.get_logger(__name__)

_TRIES: Final = 4
"""Asking, rebuilding, asking again; and once more for somebody else's rebuild in between."""


def reservation_id(action_id: UUID, attempt: int) -> str:
    """Return the id of one attempt's reservation: asked twice it counts once, and a lost one stays lost."""
    return f"{action_id}:{attempt}"


_SITE_FAULTS: Final = frozenset({Reason.SITE_UNREACHABLE, Reason.SITE_UNEXPECTED, Reason.PROOF_MISSING})


def site_health(error: RapportError) -> Outcome:
    """Return what an error says about the site to the breaker; a lease of ours says nothing."""
    return Outcome.FAILURE if error.reason in _SITE_FAULTS else Outcome.NONE


@dataclass(frozen=True, slots=True)
class Grant:
    """What a reservation was answered, by whom, and what it was asked with."""

    reservation_id: str
    context: QuotaContext
    decision: Decision
    by_fallback: bool
    failing: bool


class QuotaEngine(Protocol):
    """What decides: the script in Redis, or the fallback in Postgres. The same verbs, the same answers."""

    def reserve(self, context: QuotaContext, reservation_id: str, *, lease: timedelta) -> Decision:
        """Take one unit from every window, or none."""

    def remaining(self, context: QuotaContext) -> Decision:
        """Return what is left."""

    def start(self, context: QuotaContext, reservation_id: str) -> Decision:
        """Begin to act."""

    def settle(self, context: QuotaContext, verb: Verb, reservation_id: str, outcome: Outcome) -> Decision:
        """Commit, release or report."""

    def install(self, context: QuotaContext, books: QuotaState) -> Decision:
        """Write the counters anew."""


class Quota:
    """Every use of the quota. No answer means no action; what surely wasn't used is given back."""

    def __init__(self, database: Database, guard: RedisQuota, *, lease: timedelta) -> None:
        self._database = database
        self._guard = guard
        self._lease = lease

    def reserve(self, account_id: int, kind: Kind, run_id: str, reservation: str) -> Grant:
        """Ask for one unit; it lapses by itself unless `start` follows.

        Raises TryAgainError when the counters don't come to rest.
        """
        loaded, decision, by_fallback = self._ask(
            account_id,
            kind,
            run_id,
            lambda engine, context: engine.reserve(context, reservation, lease=self._lease),
        )
        metrics.QUOTA_DECISIONS.labels(kind, decision.reason or decision.verdict).inc()
        return Grant(reservation, loaded.context, decision, by_fallback, loaded.failing)

    def remaining(self, account_id: int, kind: Kind, run_id: str) -> tuple[QuotaContext, Decision]:
        """Return what is left, what a reservation would be denied with, and the limits in force.

        Raises TryAgainError when the counters don't come to rest.
        """
        loaded, decision, _ = self._ask(
            account_id, kind, run_id, lambda engine, context: engine.remaining(context)
        )
        return loaded.context, decision

    def start(self, grant: Grant) -> bool:
        """Begin to act: the unit counts from now on until it is settled. False: don't act, it is gone."""
        try:
            with self._engine(in_postgres=grant.by_fallback) as engine:
                return engine.start(grant.context, grant.reservation_id).verdict is Verdict.STARTED
        except QuotaUnavailableError as error:
            log.warning("quota_away", account=grant.context.account_id, text=str(error))
            return False

    def settle(self, grant: Grant, verb: Verb, outcome: Outcome = Outcome.NONE) -> None:
        """Commit, release or report. Redis away: a reserved unit lapses, one that acted stays charged."""
        try:
            with self._engine(in_postgres=grant.by_fallback) as engine:
                decision = engine.settle(grant.context, verb, grant.reservation_id, outcome)
        except QuotaUnavailableError as error:
            log.warning("unit_not_settled", account=grant.context.account_id, verb=verb, text=str(error))
            return
        if decision.verdict is Verdict.LATE:
            log.warning("unit_settled_late", account=grant.context.account_id)
        told = outcome is Outcome.FAILURE or (outcome is Outcome.SUCCESS and grant.failing)
        if told and decision.verdict is not Verdict.COLD:
            self._remember(grant.context, decision.breaker)

    def settle_by_id(self, verb: Verb, account_id: int, kind: Kind, run_id: str, reservation: str) -> None:
        """Settle what another worker had reserved. The engine that is not whole answers `cold`: no matter."""
        loaded = self._load(account_id, kind, run_id)
        for by_fallback in (False, True):
            self.settle(
                Grant(reservation, loaded.context, Decision(Verdict.COLD), by_fallback, loaded.failing), verb
            )

    def compare(self, account_id: int) -> bool:
        """Hold Redis' counters against the ledger; rebuild them, and return False, where they differ.

        Only of an account at rest. Asked twice, as an action may have ended between the two readings.
        """
        for kind in Kind:
            if self._differs(account_id, kind) and self._differs(account_id, kind):
                metrics.QUOTA_DISAGREEMENTS.labels(kind).inc()
                context = self._load(account_id, kind, "").context
                log.warning("quota_disagrees", account=account_id, kind=kind)
                self.rebuild(context, in_postgres=False)
                return False
        return True

    def _differs(self, account_id: int, kind: Kind) -> bool:
        context = self._load(account_id, kind, "").context
        try:
            told = self._guard.remaining(context)
        except QuotaUnavailableError:
            return False
        with self._database.transaction() as session:
            in_ledger = fallback.remaining_by_ledger(session, context)
            at_rest = fallback.is_account_idle(session, account_id)
        return at_rest and told.verdict is not Verdict.COLD and told.remaining != in_ledger.remaining

    def rebuild(self, context: QuotaContext, *, in_postgres: bool) -> bool:
        """Write the counters anew from the ledger and the open actions; whether it was us who did.

        Under the account's lock, so that of many who find them lost one does it. From the moment that the
        epoch is raised no older grant can act, so the ledger holds all that counts.
        """
        with self._database.transaction() as session:
            epoch = fallback.raise_epoch(session, context.account_id, seen=context.epoch)
            if epoch is None:
                return False
            books = fallback.read_ledger(session, context)
            engine: QuotaEngine = Fallback(session) if in_postgres else self._guard
            try:
                engine.install(replace(context, epoch=epoch), books)
            except QuotaUnavailableError as error:  # the epoch stays raised: whoever asks next finds it cold
                log.warning("quota_not_rebuilt", account=context.account_id, text=str(error))
                return False
        where = "postgres" if in_postgres else "redis"
        metrics.QUOTA_REBUILDS.labels(where).inc()
        units = len(books.charges)
        log.info("quota_rebuilt", account=context.account_id, epoch=epoch, units=units, engine=where)
        return True

    def _ask(
        self,
        account_id: int,
        kind: Kind,
        run_id: str,
        question: Callable[[QuotaEngine, QuotaContext], Decision],
    ) -> tuple[LoadedContext, Decision, bool]:
        for _ in range(_TRIES):
            loaded = self._load(account_id, kind, run_id)
            in_postgres = False
            try:
                decision = question(self._guard, loaded.context)
            except QuotaUnavailableError as error:
                log.warning("quota_fallback", account=account_id, text=str(error))
                metrics.QUOTA_FALLBACK.inc()
                in_postgres = True
                with self._engine(in_postgres=True) as engine:
                    decision = question(engine, loaded.context)
            if decision.verdict is not Verdict.COLD:
                return loaded, decision, in_postgres
            self.rebuild(loaded.context, in_postgres=in_postgres)
        raise TryAgainError(Reason.QUOTA_UNREADABLE, "the quota's counters were lost again and again")

    def _load(self, account_id: int, kind: Kind, run_id: str) -> LoadedContext:
        with self._database.transaction() as session:
            return limits.context(session, account_id, kind, run_id)

    @contextmanager
    def _engine(self, *, in_postgres: bool) -> Iterator[QuotaEngine]:
        if not in_postgres:
            yield self._guard
            return
        with self._database.transaction() as session:
            yield Fallback(session)

    def _remember(self, context: QuotaContext, breaker: Breaker) -> None:
        with self._database.transaction() as session:
            fallback.write_breaker(session, context.account_id, context.kind, breaker)
