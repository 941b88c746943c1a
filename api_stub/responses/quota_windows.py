"""The windows of a quota as numbers, whether read from Redis or from the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, Field

from db.store.quota.status import AccountQuotaStatus, QuotaStatus
from worker.rules.model import Kind
from worker.rules.quota.model import Decision, Remaining


class Source(StrEnum):
    """Where the numbers come from: Redis, or the ledger, either by choice or because Redis can't tell."""

    REDIS = "redis"
    LEDGER = "ledger"
    REDIS_AWAY = "ledger_redis_away"
    REDIS_COLD = "ledger_redis_cold"
    NOT_RUNNING = "ledger_not_running"


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """What a reservation would be answered now, and which source says so."""

    decision: Decision
    source: Source


class Window(BaseModel):
    """How much of a limit is used. `limit` is the limit in force, after warm-up, cuts and ceilings."""

    used: int
    left: int
    limit: int


class Windows(BaseModel):
    """The windows of a kind, or of all kinds together (which have no run)."""

    run: Window | None = Field(description="Of the current campaign, today; null without one.")
    day: Window
    week: Window = Field(description="The last 7 days, to the second.")


def get_ledger_readings(account: AccountQuotaStatus) -> dict[Kind, QuotaReading]:
    """Return each kind's reading from the ledger alone."""
    return {kind: QuotaReading(status.by_ledger, Source.LEDGER) for kind, status in account.kinds.items()}


def get_remaining(reading: QuotaReading) -> Remaining:
    """Return what is left of each window; the verb `remaining` always says."""
    if reading.decision.remaining is None:
        raise AssertionError("an answer without windows")  # pragma: no cover -- only other verbs have none
    return reading.decision.remaining


def build_windows(status: QuotaStatus, left: Remaining) -> Windows:
    """Return a kind's windows from what is left of them."""
    limits, used = status.context.limits, status.used
    run = build_window(limits.per_run, left.run, used.run) if status.context.run_id else None
    return Windows(
        run=run,
        day=build_window(limits.per_day, left.day, used.day),
        week=build_window(limits.per_week, left.week, used.week),
    )


def build_window(limit: int, left: int, used_by_ledger: int) -> Window:
    """Return a window from what is left. Once nothing is, the ledger may know of more use than the limit."""
    return Window(used=limit - left if left else max(limit, used_by_ledger), left=left, limit=limit)


def build_total_windows(account: AccountQuotaStatus, readings: Mapping[Kind, QuotaReading]) -> Windows:
    """Return the windows of all kinds together: the sum of what each has used."""
    of_kinds = [
        build_windows(status, get_remaining(readings[kind])) for kind, status in account.kinds.items()
    ]
    totals = next(iter(account.kinds.values())).context.totals
    return Windows(
        run=None,
        day=_build_total(totals.per_day, sum(each.day.used for each in of_kinds)),
        week=_build_total(totals.per_week, sum(each.week.used for each in of_kinds)),
    )


def _build_total(limit: int, used: int) -> Window:
    return Window(used=used, left=max(0, limit - used), limit=limit)
