"""Keep a lease alive while its worker works, and tell the worker when it is lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from db.store.actions import claims
from db.store.actions.claims import Claim
from tasks.services import Services
from worker import clock, logs
from worker.errors import Reason, TryAgainError

log = logs.get_logger(__name__)


class LeaseGuard:
    """Guards the lease of a claimed action: an effect may only begin while the lease is sure to last."""

    def __init__(self, lease: timedelta) -> None:
        self._lease_s = lease.total_seconds()
        self._good_until = clock.monotonic_seconds() + self._lease_s
        self._lost = False

    def require(self, needed: timedelta) -> None:
        """Raise TryAgainError unless the lease surely lasts for another `needed`.

        Measured by this machine's monotonic clock, which runs on while the process is stopped: a worker that
        was suspended notices that its lease is over without asking anybody.
        """
        if self._lost or clock.monotonic_seconds() + needed.total_seconds() > self._good_until:
            raise TryAgainError(Reason.LEASE_LOST, "the lease was lost or is about to end")

    def renew(self, services: Services, claim: Claim, asked_at: float) -> bool:
        """Extend the lease once, counted from `asked_at`, before the request. False when it is lost."""
        with services.database.transaction() as session:
            held = claims.extend_lease(session, claim, services.settings.lease)
        if held:
            self._good_until = asked_at + self._lease_s
        else:
            self._lost = True
        return held


@contextmanager
def hold_lease(services: Services, claim: Claim) -> Iterator[LeaseGuard]:
    """Renew the claim's lease until the block is left, from a thread and a connection of its own."""
    lease = LeaseGuard(services.settings.lease)
    done = threading.Event()
    every_s = services.settings.lease.total_seconds() / 4

    def renew_until_done() -> None:
        while not done.wait(every_s):
            try:
                if not lease.renew(services, claim, clock.monotonic_seconds()):
                    log.warning("lease_lost", action=str(claim.action_id), attempt=claim.attempt)
                    return
            except SQLAlchemyError as error:
                # Postgres is away: `require` notices when the lease gets short.
                log.warning("heartbeat_failed", action=str(claim.action_id), error=type(error).__name__)

    thread = threading.Thread(target=renew_until_done, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        done.set()
        thread.join(timeout=5)
