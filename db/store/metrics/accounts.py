"""The accounts: which are active, which are stopped and why, and how old their sign-ins are."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from prometheus_client.metrics_core import Metric
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.reports import halts
from db.tables import Account
from worker.metrics import state
from worker.rules.halts import NEEDS_ATTENTION

_AGES: Final = ("under_1_day", "under_7_days", "under_30_days", "older", "none")


def read(session: Session) -> Iterator[Metric]:
    """Yield the gauges. Those of stops and of sign-ins name accounts, at most MOST_ACCOUNTS."""
    by_status: Counter[tuple[str, str, str]] = Counter()
    by_age = Counter(dict.fromkeys(_AGES, 0))
    for site, status, reason, age, count in session.execute(load_query("account_states")):
        by_status[site, status, reason] += count
        by_age[age] += count
    yield state.ACCOUNTS.build(by_status.items())
    yield state.SESSIONS.build(((age,), count) for age, count in by_age.items())
    stopped = (
        ((account.name, halt.code), 1)
        for account, halt in halts.list_halted_accounts(session)
        if halt.cause in NEEDS_ATTENTION
    )
    yield state.STOPPED.build(islice(stopped, state.MOST_ACCOUNTS))
    expiring = session.execute(
        select(Account.name, Account.session_expires_at)
        .where(
            Account.removed_at.is_(None),
            Account.session.is_not(None),
            Account.session_expires_at.is_not(None),
        )
        .order_by(Account.session_expires_at)
        .limit(state.MOST_ACCOUNTS)
    )
    yield state.SIGN_IN_EXPIRES.build(((name,), at.timestamp()) for name, at in expiring if at is not None)
