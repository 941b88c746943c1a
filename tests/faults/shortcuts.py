"""Shorten waits in fault tests: leases of dead processes, lost messages, and pauses between retries."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import psutil
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.tables import Action

# Rows that a dead connection has locked are left alone, as recovery leaves them.
_END_LEASES = text("""
    update actions set lease_until = now() where id in (
        select id from actions
        where lease_until > now()
          and (lease_owner = any(:dead) or lease_owner is null and lease_until < now() + :fresh)
        for update skip locked)
""")
_NEXT_TRY = text("""
    update actions set not_before = now() where id in (
        select id from actions
        where not_before > now() + interval '2 s' and updated_at < now() - interval '2 s'
          and lease_until is null and state in ('planned', 'uncertain')
        for update skip locked)
""")
_FIRST = text("""
    update actions set not_before = now() - interval '1 hour' where id in (
        select id from actions where id = :id and state = 'planned' for update skip locked)
""")


def skip_waits(session: Session, *, fresh: timedelta) -> None:
    """End the leases of dead processes, and of messages whose remaining lease is below `fresh`.

    A transient failure is retried after 2 s instead of 30 or more. The wait
    between checks of uncertain effects is not shortened.
    """
    owners = session.scalars(select(Action.lease_owner).where(Action.lease_owner.is_not(None)))
    session.execute(_END_LEASES, {"dead": _dead(owners.all()), "fresh": fresh})
    session.execute(_NEXT_TRY)


def put_first(session: Session, action_id: UUID) -> None:
    """Dispatch a planned action before all others."""
    session.execute(_FIRST, {"id": action_id})


def _dead(owners: Sequence[str | None]) -> list[str]:
    return [owner for owner in owners if owner and not _runs(int(owner.rpartition(":")[2]))]


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
