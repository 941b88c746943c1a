"""Renew a lease while its worker works, and let the worker check it before an effect."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from db.store.actions import claims
from db.store.actions.claims import Claim
from tasks.services import Services
from worker import clock, logs
from worker.errors import Reason, TryAgainError

log = logs.get_logger(__name__)

_THREADS: Final = ThreadPoolExecutor(4, thread_name_prefix="heartbeat")
"""Starting a thread costs more than most statements of an action, so the next action uses it again.

Usually there is one; a second is started while a heartbeat still waits for Postgres.
"""


class LeaseGuard:
    """Guards the lease of a claimed action: an effect may begin only if the lease lasts long enough.

    It counts from before it was asked for: the answer may have been long on its way.
    """

    def __init__(self, lease: timedelta, asked_at: float) -> None:
        self._lease_s = lease.total_seconds()
        self._good_until = asked_at + self._lease_s
        self._lost = False

    def require(self, needed: timedelta) -> None:
        """Raise TryAgainError unless the lease is certain to last for another `needed`.

        Uses this machine's monotonic clock, which also runs while the process is stopped, so a worker that
        was suspended notices without a query that its lease has expired.
        """
        if self._lost or clock.monotonic_seconds() + needed.total_seconds() > self._good_until:
            raise TryAgainError(Reason.LEASE_LOST, "the lease was lost or is about to end")

    def renew(self, services: Services, claim: Claim, asked_at: float) -> bool:
        """Extend the lease once, counted from `asked_at`, before the request. Return False if it is lost."""
        with services.database.transaction() as session:
            extended = claims.extend_lease(session, claim, services.settings.lease)
        if extended:
            self._good_until = asked_at + self._lease_s
        else:
            self._lost = True
        return extended


@contextmanager
def hold_lease(services: Services, claim: Claim) -> Iterator[LeaseGuard]:
    """Renew the claim's lease until the block ends, in a thread with its own connection.

    An action that ends within a quarter of its lease has no heartbeat.
    """
    lease = LeaseGuard(services.settings.lease, claim.asked_s)
    done = threading.Event()
    every_s = services.settings.lease.total_seconds() / 4

    def renew_until_done() -> None:
        while not done.wait(every_s):
            try:
                if not lease.renew(services, claim, clock.monotonic_seconds()):
                    log.warning("lease_lost", action=str(claim.action_id), attempt=claim.attempt)
                    return
            except SQLAlchemyError as error:
                # Postgres is unavailable; `require` raises once the lease gets too short.
                log.warning("heartbeat_failed", action=str(claim.action_id), error=type(error).__name__)

    # In a copy of this context: its log lines are the action's too.
    beating = _THREADS.submit(copy_context().run, renew_until_done)
    try:
        yield lease
    finally:
        done.set()
        with suppress(TimeoutError):
            beating.result(timeout=5)
