"""The answer of `GET /data/quota` and `rapport quota show --json`."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api_stub.responses.quota_windows import (
    QuotaReading,
    Source,
    Windows,
    build_total_windows,
    build_windows,
    get_remaining,
)
from db.store.quota.status import AccountQuotaStatus, Denial, QuotaStatus
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.limits import warm_up_share
from worker.rules.quota.notation import DAY_NAMES, format_clock_time
from worker.rules.quota.windows import opening

_WINDOW: Final[JsonDict] = {"used": 3, "left": 12, "limit": 15}
_EXAMPLE: Final[JsonDict] = {
    "account": "ann",
    "site": "linkedin",
    "time_zone": "Europe/Paris",
    "as_of": "2026-11-30T09:00:00Z",
    "told_by": "ledger",
    "warm_up": {"began_on": None, "share": 1.0},
    "together": {"run": None, "day": _WINDOW, "week": _WINDOW},
    "kinds": {
        "greet": {
            "now": {"granted": False, "reason": "gap", "retry_at": "2026-11-30T09:01:40Z"},
            "windows": {"run": None, "day": _WINDOW, "week": _WINDOW},
            "left_of_all_day": 62,
            "left_of_all_week": 320,
            "reserved_per_day": 15,
            "hours": {
                "opens": "07:00",
                "closes": "19:00",
                "days": ["mon", "tue", "wed", "thu", "fri"],
                "open_now": True,
                "opens_at": "2026-11-30T06:00:00Z",
                "closes_at": "2026-11-30T18:00:00Z",
            },
            "gap_min_s": 90.0,
            "gap_max_s": 180.0,
            "breaker": {"state": "closed", "failures": 0, "open_until": None},
            "paused_until": None,
            "cut_until": None,
            "last_denial": None,
        }
    },
}


class WorkingHours(BaseModel):
    """When the account may act, in its time zone."""

    opens: str = Field(examples=["07:00"])
    closes: str = Field(examples=["19:00"])
    days: list[str] = Field(examples=[["mon", "tue"]])
    open_now: bool
    opens_at: datetime = Field(description="When these hours began, or when the next ones begin.")
    closes_at: datetime


class BreakerState(BaseModel):
    """The circuit breaker: faults of the site in a row open it; then one try at a time goes through."""

    state: Literal["closed", "open", "half_open"]
    failures: int
    open_until: datetime | None


class NowAnswer(BaseModel):
    """What a reservation would be answered now."""

    granted: bool
    reason: str | None
    retry_at: datetime | None


class LastDenial(BaseModel):
    """The newest action that the quota makes wait."""

    action_id: str
    contact: str
    reason: str
    until: datetime


class KindQuota(BaseModel):
    """The quota of one kind of action."""

    now: NowAnswer
    windows: Windows
    left_of_all_day: int = Field(
        description="What it may take of the day of all kinds, without shares reserved for other kinds."
    )
    left_of_all_week: int
    reserved_per_day: int = Field(description="How much of the day of all kinds is reserved for this kind.")
    hours: WorkingHours
    gap_min_s: float
    gap_max_s: float
    breaker: BreakerState
    paused_until: datetime | None = Field(description="After a limit page of the site.")
    cut_until: datetime | None = Field(
        description="Its limits are cut by 30 % until then, after a limit page."
    )
    last_denial: LastDenial | None


class WarmUp(BaseModel):
    """The warm-up: a new account's limits ramp up over its first weeks."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"began_on": "2026-11-23", "share": 0.33}]})

    began_on: date | None = Field(description="Null without a warm-up.")
    share: float = Field(description="The share of its limits that it may use today; 1 is all.")


class QuotaAnswer(BaseModel):
    """An account's quota by kind and for all kinds together, as of one moment.

    Over HTTP the numbers come from the ledger in Postgres: everything that was sent or may have been sent
    counts, as after a rebuild of the counters. A unit that a worker has reserved but not begun to use is not
    included, and the gap after the last use is the longest possible. Decisions are made in Redis.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    account: str
    site: str
    time_zone: str = Field(description="Its days begin in this zone.")
    as_of: datetime
    told_by: Source
    warm_up: WarmUp
    together: Windows
    kinds: dict[Kind, KindQuota]


def name_breaker_state(breaker: Breaker, now: datetime) -> Literal["closed", "open", "half_open"]:
    """Return the breaker's state at `now`."""
    if breaker.open_until is None:
        return "closed"
    return "open" if breaker.open_until > now else "half_open"


def build_quota_answer(account: AccountQuotaStatus, readings: Mapping[Kind, QuotaReading]) -> QuotaAnswer:
    """Return the answer for an account, from a reading of each kind."""
    record, one = account.account, account.kinds[Kind.GREET]
    return QuotaAnswer(
        account=record.name,
        site=record.site,
        time_zone=record.zone.key,
        as_of=account.now,
        told_by=readings[Kind.GREET].source,
        warm_up=WarmUp(
            began_on=one.warm_up_on, share=float(warm_up_share(one.warm_up_on, account.now, record.zone))
        ),
        together=build_total_windows(account, readings),
        kinds={
            kind: _build_kind(status, readings[kind], account.denials.get(kind))
            for kind, status in account.kinds.items()
        },
    )


def _build_kind(status: QuotaStatus, reading: QuotaReading, denial: Denial | None) -> KindQuota:
    limits, decision, left = status.context.limits, reading.decision, get_remaining(reading)
    breaker = decision.breaker
    return KindQuota(
        now=NowAnswer(granted=decision.reason is None, reason=decision.reason, retry_at=decision.retry_at),
        windows=build_windows(status, left),
        left_of_all_day=left.all_day,
        left_of_all_week=left.all_week,
        reserved_per_day=limits.reserved_per_day,
        hours=_build_hours(status),
        gap_min_s=limits.gap_min.total_seconds(),
        gap_max_s=limits.gap_max.total_seconds(),
        breaker=BreakerState(
            state=name_breaker_state(breaker, status.now),
            failures=breaker.failures,
            open_until=breaker.open_until,
        ),
        paused_until=status.context.paused_until,
        cut_until=status.cut_until,
        last_denial=_build_denial(denial) if denial else None,
    )


def _build_denial(denial: Denial) -> LastDenial:
    return LastDenial(
        action_id=str(denial.action_id), contact=denial.contact, reason=denial.reason, until=denial.until
    )


def _build_hours(status: QuotaStatus) -> WorkingHours:
    hours = status.context.limits.hours
    span = opening(status.now, hours, status.context.zone)
    return WorkingHours(
        opens=format_clock_time(hours.opens),
        closes=format_clock_time(hours.closes),
        days=[DAY_NAMES[day] for day in sorted(hours.days)],
        open_now=span.start <= status.now,
        opens_at=span.start,
        closes_at=span.end,
    )
