"""The state of the service in Postgres, for the page of operations: actions, upkeep, accounts, sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.queries import load_query
from db.store import upkeep
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports import halts
from db.store.upkeep import UpkeepState
from worker.errors import Reason
from worker.rules.halts import Halt
from worker.rules.model import ActionState, Kind
from worker.rules.quota.denials import DENIAL_REASONS

MOST_ACCOUNTS = 100
"""Accounts that are listed."""


@dataclass(frozen=True, slots=True)
class Denials:
    """Actions of one kind that the quota makes wait for one reason; the first asks again at `until`."""

    kind: Kind
    reason: Reason
    count: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Operations:
    """The state at `now`. `counts` are actions that have not ended, `due` how late the oldest due one is.

    `in_flight_for` is how long the oldest action in flight has been, None if none is. `halted` has what stops
    each of the first MOST_ACCOUNTS accounts, None for nothing.
    """

    now: datetime
    counts: Mapping[tuple[Kind, ActionState], int]
    due: Mapping[Kind, timedelta]
    in_flight_for: timedelta | None
    denials: Sequence[Denials]
    upkeep: Sequence[UpkeepState]
    halted: Sequence[tuple[AccountRecord, Halt | None]]
    accounts: int
    size_bytes: int
    version: str


def read_operations(session: Session) -> Operations:
    """Return the state. A dozen short statements."""
    everybody = accounts.list_accounts(session)
    stopped = {account.id: halt for account, halt in halts.list_halted_accounts(session)}
    lease = session.scalar(load_query("oldest_lease"))
    return Operations(
        now=get_database_time(session),
        counts={
            (Kind(kind), ActionState(state)): count
            for kind, state, count in session.execute(load_query("open_actions"))
        },
        due={
            Kind(kind): timedelta(seconds=float(seconds))
            for kind, seconds in session.execute(load_query("oldest_due_actions"))
        },
        in_flight_for=timedelta(seconds=float(lease)) if lease is not None else None,
        denials=_list_denials(session),
        upkeep=upkeep.list_jobs(session),
        halted=[(account, stopped.get(account.id)) for account in everybody[:MOST_ACCOUNTS]],
        accounts=len(everybody),
        size_bytes=session.scalars(select(func.pg_database_size(func.current_database()))).one(),
        version=session.scalars(text("show server_version")).one(),
    )


def _list_denials(session: Session) -> Sequence[Denials]:
    rows = session.execute(load_query("waiting_for_quota"), {"reasons": sorted(DENIAL_REASONS)})
    return [Denials(Kind(kind), Reason(reason), count, until) for kind, reason, count, until in rows]
