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
from db.store.quota.status import AccountQuotaStatus, Denial, QuotaStatus
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.decision import Decision, Remaining
from worker.rules.quota.limits import warm_up_share
from worker.rules.quota.windows import opening

DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""By `date.weekday`."""


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """What a reservation would be answered now, and who says so."""

    decision: Decision
    source: Source


def build_windows(standing: QuotaStatus, left: Remaining) -> Windows:
    """Return a kind's windows from what is left of them.

    A window of which nothing is left may be used beyond its limit, where that was lowered: then the ledger
    knows how far.
    """
    limits, used = standing.context.limits, standing.used
    run = _build_window(limits.per_run, left.run, used.run) if standing.context.run_id else None
    return Windows(
        run=run,
        day=_build_window(limits.per_day, left.day, used.day),
        week=_build_window(limits.per_week, left.week, used.week),
    )


def build_total_windows(account: AccountQuotaStatus, told: Mapping[Kind, QuotaReading]) -> Windows:
    """Return the windows of all kinds together: the sum of what each has used."""
    of_kinds = [
        build_windows(standing, get_remaining(told[kind])) for kind, standing in account.kinds.items()
    ]
    totals = next(iter(account.kinds.values())).context.totals
    return Windows(
        run=None,
        day=_build_total_window(totals.per_day, sum(each.day.used for each in of_kinds)),
        week=_build_total_window(totals.per_week, sum(each.week.used for each in of_kinds)),
    )


def get_remaining(told: QuotaReading) -> Remaining:
    """Return what is left of each window; `remaining` always tells."""
    if told.decision.remaining is None:
        raise AssertionError("an answer without windows")  # pragma: no cover -- only other verbs have none
    return told.decision.remaining


def _build_window(limit: int, left: int, counted: int) -> Window:
    return Window(used=limit - left if left else max(limit, counted), left=left, limit=limit)


def _build_total_window(limit: int, used: int) -> Window:
    return Window(used=used, left=max(0, limit - used), limit=limit)


def name_breaker_state(breaker: Breaker, now: datetime) -> Literal["closed", "open", "half_open"]:
    """Name the breaker's state."""
    if breaker.open_until is None:
        return "closed"
    return "open" if breaker.open_until > now else "half_open"


def get_ledger_readings(account: AccountQuotaStatus) -> dict[Kind, QuotaReading]:
    """Return what the ledger tells of each kind, asking nobody else."""
    return {kind: QuotaReading(standing.told, Source.LEDGER) for kind, standing in account.kinds.items()}


def build_quota_answer(account: AccountQuotaStatus, told: Mapping[Kind, QuotaReading]) -> QuotaAnswer:
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
        together=build_total_windows(account, told),
        kinds={
            kind: _build_kind(standing, told[kind], account.denials.get(kind))
            for kind, standing in account.kinds.items()
        },
    )


def _build_kind(standing: QuotaStatus, told: QuotaReading, denial: Denial | None) -> KindQuota:
    limits, decision, left = standing.context.limits, told.decision, get_remaining(told)
    breaker = decision.breaker
    return KindQuota(
        now=NowAnswer(granted=decision.reason is None, reason=decision.reason, retry_at=decision.retry_at),
        windows=build_windows(standing, left),
        left_of_all_day=left.all_day,
        left_of_all_week=left.all_week,
        reserved_per_day=limits.reserved_per_day,
        hours=_build_hours(standing),
        gap_min_s=limits.gap_min.total_seconds(),
        gap_max_s=limits.gap_max.total_seconds(),
        breaker=BreakerState(
            state=name_breaker_state(breaker, standing.now),
            failures=breaker.failures,
            open_until=breaker.open_until,
        ),
        paused_until=standing.context.paused_until,
        cut_until=standing.cut_until,
        last_denial=_build_denial(denial) if denial else None,
    )


def _build_denial(denial: Denial) -> LastDenial:
    return LastDenial(
        action_id=str(denial.action_id), contact=denial.contact, reason=denial.reason, until=denial.until
    )


def _build_hours(standing: QuotaStatus) -> WorkingHours:
    hours = standing.context.limits.hours
    span = opening(standing.now, hours, standing.context.zone)
    return WorkingHours(
        opens=format_clock_time(hours.opens),
        closes=format_clock_time(hours.closes),
        days=[DAY_NAMES[day] for day in sorted(hours.days)],
        open_now=span.start <= standing.now,
        opens_at=span.start,
        closes_at=span.end,
    )


def format_clock_time(after_midnight: timedelta) -> str:
    """Write a distance from midnight as wall-clock time; midnight at the end of a day is 24:00."""
    minutes = after_midnight // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"
