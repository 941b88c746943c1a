"""Watch for what no transaction sees, and write an event for it. Each condition is told once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from db.engine import Database, get_database_time
from db.store import upkeep
from db.store.notices.outages import OutageState, record_outage
from db.store.people import accounts
from db.store.reports import conditions
from db.store.reports.ended_campaigns import record_ended_campaigns
from worker import clock, queues
from worker.errors import TryAgainError
from worker.rules.notices.due_days import find_due_day
from worker.rules.notices.kinds import NoticeKind
from worker.rules.notices.lasting import Lasting
from worker.servers.redis_address import RedisAddress
from worker.settings import Settings

_OUTAGE_LASTS_S: Final = 120.0
"""Longer than a start or a restart of the servers and workers takes."""
_RECOVERY_LASTS_S: Final = 30.0
_LATE_LASTS_S: Final = 300.0
"""After a machine was off, late jobs run within minutes."""

_CAMPAIGNS_EVERY: Final = timedelta(minutes=1)
_MARKS_EVERY: Final = timedelta(hours=1)


class Watcher:
    """Looks at everything. What was told is in Postgres; only durations are kept here."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._redis: RedisAddress = settings.redis
        self._digests = (
            (NoticeKind.MORNING_DIGEST, settings.digest_at),
            (NoticeKind.EVENING_SUMMARY, settings.summary_at),
        )
        self._outage = Lasting[str](after_s=_OUTAGE_LASTS_S)
        self._recovery = Lasting[str](after_s=_RECOVERY_LASTS_S)
        self._late = Lasting[str](after_s=_LATE_LASTS_S)
        self._next: dict[Callable[[], None], datetime] = {}

    @property
    def steps(self) -> Sequence[Callable[[], None]]:
        """What to look at, one after the other; none needs another. Redis may be away.

        Each writes an event for a condition that is there, unless it has been told. Each raises
        OperationalError if Postgres is away.
        """
        return (
            self._look_at_queues,
            self._look_at_accounts,
            self._look_at_upkeep,
            partial(self._look_every, _CAMPAIGNS_EVERY, self._look_at_campaigns),
            partial(self._look_every, _MARKS_EVERY, self._look_at_marks),
        )

    def _look_at_queues(self) -> None:
        try:
            idle = queues.take_snapshot_at(self._redis).unconsumed(queues.ALL_QUEUES)
            state = OutageState.IDLE if idle else OutageState.OVER
        except TryAgainError:
            idle, state = [], OutageState.REDIS_AWAY
        now_s = clock.monotonic_seconds()
        is_over = state is OutageState.OVER
        lasting = self._outage.update([] if is_over else ["outage"], now_s)
        over = self._recovery.update(["over"] if is_over else [], now_s)
        if lasting or over:
            with self._database.transaction() as session:
                record_outage(session, state, idle)

    def _look_at_accounts(self) -> None:
        with self._database.transaction() as session:
            now, everyone = get_database_time(session), accounts.list_accounts(session)
            conditions.record_expiring_sessions(session, everyone, now)
            for kind, at in self._digests:
                for account in everyone:
                    if (on := find_due_day(now, account.zone, at)) is not None:
                        conditions.record_digest(session, kind, account, on)

    def _look_at_upkeep(self) -> None:
        with self._database.transaction() as session:
            late = {job.job: job for job in upkeep.list_jobs(session) if job.is_late}
            lasting = self._late.update(late, clock.monotonic_seconds())
            conditions.record_late_upkeep(session, [late[job] for job in late if job in lasting])

    def _look_at_campaigns(self) -> None:
        with self._database.transaction() as session:
            record_ended_campaigns(session)

    def _look_at_marks(self) -> None:
        with self._database.transaction() as session:
            sites = {account.site for account in accounts.list_accounts(session)}
            conditions.record_fading_marks(session, sites)

    def _look_every(self, every: timedelta, look: Callable[[], None]) -> None:
        """Look if it is time for it, also after a failure."""
        now = clock.now()
        if self._next.get(look, now) <= now:
            look()
            self._next[look] = now + every
