"""How an account stands with its quota, as numbers, whether Redis told them or the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from api_stub.responses.quota_models import (
    BreakerState,
    KindQuota,
    LastDenial,
    NowAnswer,
    QuotaAnswer,
    Source,
    WarmUp,
    Window,
    Windows,
    WorkingHours,
)
from db.store.quota.status import AccountStanding, Denial, Standing
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.decision import Decision, Remaining
from worker.rules.quota.limits import warm_up_share
from worker.rules.quota.windows import opening

DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""By `date.weekday`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a reservation would be answered now, and who says so."""

    decision: Decision
    source: Source


def windows(standing: Standing, left: Remaining) -> Windows:
    """Return a kind's windows from what is left of them.

    A window of which nothing is left may be used beyond its limit, where that was lowered: then the ledger
    knows how far.
    """
    limits, used = standing.purse.limits, standing.used
    run = _window(limits.per_run, left.run, used.run) if standing.purse.run_id else None
    return Windows(
        run=run,
        day=_window(limits.per_day, left.day, used.day),
        week=_window(limits.per_week, left.week, used.week),
    )


def together(account: AccountStanding, told: Mapping[Kind, Told]) -> Windows:
    """Return the windows of all kinds together: the sum of what each has used."""
    of_kinds = [windows(standing, left_of(told[kind])) for kind, standing in account.kinds.items()]
    totals = next(iter(account.kinds.values())).purse.totals
    return Windows(
        run=None,
        day=_filled(totals.per_day, sum(each.day.used for each in of_kinds)),
        week=_filled(totals.per_week, sum(each.week.used for each in of_kinds)),
    )


def left_of(told: Told) -> Remaining:
    """Return what is left of each window; `remaining` always tells."""
    if told.decision.remaining is None:
        raise AssertionError("an answer without windows")  # pragma: no cover -- only other verbs have none
    return told.decision.remaining


def _window(limit: int, left: int, counted: int) -> Window:
    return Window(used=limit - left if left else max(limit, counted), left=left, limit=limit)


def _filled(limit: int, used: int) -> Window:
    return Window(used=used, left=max(0, limit - used), limit=limit)


def breaker_state(breaker: Breaker, now: datetime) -> Literal["closed", "open", "half_open"]:
    """Name the breaker's state."""
    if breaker.open_until is None:
        return "closed"
    return "open" if breaker.open_until > now else "half_open"


def by_ledger(account: AccountStanding) -> dict[Kind, Told]:
    """Return what the ledger tells of each kind, asking nobody else."""
    return {kind: Told(standing.told, Source.LEDGER) for kind, standing in account.kinds.items()}


def answer(account: AccountStanding, told: Mapping[Kind, Told]) -> QuotaAnswer:
    """Return all of it as numbers."""
    record, one = account.account, account.kinds[Kind.GREET]
    return QuotaAnswer(
        account=record.name,
        site=record.site,
        time_zone=record.zone.key,
        as_of=account.now,
        told_by=told[Kind.GREET].source,
        warm_up=WarmUp(
            began_on=one.warm_up_on, share=float(warm_up_share(one.warm_up_on, account.now, record.zone))
        ),
        together=together(account, told),
        kinds={
            kind: _kind(standing, told[kind], account.denials.get(kind))
            for kind, standing in account.kinds.items()
        },
    )


def _kind(standing: Standing, told: Told, denial: Denial | None) -> KindQuota:
    limits, decision, left = standing.purse.limits, told.decision, left_of(told)
    breaker = decision.breaker
    return KindQuota(
        now=NowAnswer(granted=decision.reason is None, reason=decision.reason, retry_at=decision.retry_at),
        windows=windows(standing, left),
        left_of_all_day=left.all_day,
        left_of_all_week=left.all_week,
        reserved_per_day=limits.reserved_per_day,
        hours=_hours(standing),
        gap_min_s=limits.gap_min.total_seconds(),
        gap_max_s=limits.gap_max.total_seconds(),
        breaker=BreakerState(
            state=breaker_state(breaker, standing.now),
            failures=breaker.failures,
            open_until=breaker.open_until,
        ),
        paused_until=standing.purse.paused_until,
        cut_until=standing.cut_until,
        last_denial=_denial(denial) if denial else None,
    )


def _denial(denial: Denial) -> LastDenial:
    return LastDenial(
        action_id=str(denial.action_id), contact=denial.contact, reason=denial.reason, until=denial.until
    )


def _hours(standing: Standing) -> WorkingHours:
    hours = standing.purse.limits.hours
    span = opening(standing.now, hours, standing.purse.zone)
    return WorkingHours(
        opens=clock_time(hours.opens),
        closes=clock_time(hours.closes),
        days=[DAY_NAMES[day] for day in sorted(hours.days)],
        open_now=span.start <= standing.now,
        opens_at=span.start,
        closes_at=span.end,
    )


def clock_time(after_midnight: timedelta) -> str:
    """Write a distance from midnight as wall-clock time; midnight at the end of a day is 24:00."""
    minutes = after_midnight // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"
