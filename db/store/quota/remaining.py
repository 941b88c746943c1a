"""What every account has used of its windows, and what is left, by the ledger, to be shown in metrics."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.quota import limits
from db.tables import Account
from worker.rules.model import AccountStatus, Kind
from worker.rules.quota.gates import WEEK, Usage, count_usage
from worker.rules.quota.model import Remaining
from worker.rules.quota.windows import local_day


@dataclass(frozen=True, slots=True)
class KindUsage:
    """An account's use of one kind. The run is the one that used the kind last today."""

    account: str
    status: AccountStatus
    kind: Kind
    left: Remaining
    used: Usage


def list_usage(session: Session, *, most_accounts: int) -> Sequence[KindUsage]:
    """Return the use of each kind by the first `most_accounts` accounts that were not removed.

    Four short statements, whatever the number of accounts.
    """
    allowances, now = limits.load_allowances(session, most=most_accounts)
    midnights = [local_day(now, next(iter(kinds.values())).zone).start for kinds in allowances.values()]
    given = {"account_ids": list(allowances), "midnights": midnights, "week": WEEK}
    by_run, by_day, by_week = (defaultdict[int, Counter[Kind]](Counter) for _ in range(3))
    for account_id, kind, today, of_run, in_week in session.execute(load_query("quota_used"), given):
        by_run[account_id][kind], by_day[account_id][kind] = of_run, today
        by_week[account_id][kind] = in_week
    rows = session.execute(select(Account.id, Account.name, Account.status).where(Account.id.in_(allowances)))
    names = {account_id: (name, AccountStatus(status)) for account_id, name, status in rows}
    found = []
    for account_id, kinds in allowances.items():
        for kind, allowance in kinds.items():
            context = allowance.context_at(now, "")
            used = count_usage(
                context, run=by_run[account_id][kind], by_day=by_day[account_id], by_week=by_week[account_id]
            )
            found.append(KindUsage(*names[account_id], kind, used.left(context), used))
    return found
