"""Limits: by kind and for all kinds together, a site's defaults and hard ceilings, warm-up and cuts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from worker.rules.model import Kind
from worker.rules.quota.windows import WEEKDAYS, Hours


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an account may do of one kind. Counts are actions; each gap is drawn between its bounds.

    `reserved_per_day` is the share of the day of all kinds together that other kinds may not use.
    """

    per_run: int
    per_day: int
    per_week: int
    gap_min: timedelta
    gap_max: timedelta
    hours: Hours = field(default_factory=Hours)
    reserved_per_day: int = 0

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other. Raises ValueError with what to change."""
        if min(self.per_run, self.per_day, self.per_week, self.reserved_per_day) < 0:
            raise ValueError("a limit can't be negative")
        if self.per_day > self.per_week:
            raise ValueError(
                f"a day's limit ({self.per_day}) above the week's ({self.per_week}) can't be used"
            )
        if not timedelta(0) <= self.gap_min <= self.gap_max <= timedelta(days=1):
            raise ValueError("the gap needs 0 <= shortest <= longest <= a day")
        if self.reserved_per_day > self.per_day:
            raise ValueError(
                f"a reserved share ({self.reserved_per_day}) above the day's limit ({self.per_day})"
            )


@dataclass(frozen=True, slots=True)
class Totals:
    """How much an account may do of all kinds together, because a site counts them together."""

    per_day: int
    per_week: int

    def __post_init__(self) -> None:
        """Refuse totals that contradict each other. Raises ValueError with what to change."""
        if min(self.per_day, self.per_week) < 0:
            raise ValueError("a limit can't be negative")
        if self.per_day > self.per_week:
            raise ValueError(
                f"a day's limit ({self.per_day}) above the week's ({self.per_week}) can't be used"
            )


@dataclass(frozen=True, slots=True)
class SiteQuota:
    """A site's default limits, and the hard ceilings that no account may exceed; None: no ceiling."""

    limits: Mapping[Kind, Limits]
    totals: Totals
    ceilings: Mapping[Kind, Totals] | None
    total_ceiling: Totals | None

    def refusal(self, kind: Kind, limits: Limits) -> str | None:
        """Return why `limits` may not be set for `kind`, or None."""
        ceiling = self.ceilings[kind] if self.ceilings else None
        return _above_ceiling(Totals(limits.per_day, limits.per_week), ceiling)

    def total_refusal(self, totals: Totals) -> str | None:
        """Return why `totals` may not be set, or None."""
        return _above_ceiling(totals, self.total_ceiling)


def _above_ceiling(wanted: Totals, ceiling: Totals | None) -> str | None:
    if ceiling is None:
        return None
    if wanted.per_day > ceiling.per_day:
        return f"{wanted.per_day} a day is above the hard ceiling of {ceiling.per_day}"
    if wanted.per_week > ceiling.per_week:
        return f"{wanted.per_week} in 7 days is above the hard ceiling of {ceiling.per_week}"
    return None


_BY_DAY: Final = Hours(opens=timedelta(hours=7), closes=timedelta(hours=19))
_ON_WEEKDAYS: Final = replace(_BY_DAY, days=WEEKDAYS)
_SECONDS: Final = timedelta(seconds=1)

DEFAULT_QUOTA: Final = SiteQuota(
    limits={
        Kind.GREET: Limits(15, 15, 75, 90 * _SECONDS, 180 * _SECONDS, _BY_DAY, reserved_per_day=15),
        Kind.VISIT: Limits(40, 40, 200, 45 * _SECONDS, 120 * _SECONDS, _ON_WEEKDAYS),
        Kind.COLLECT: Limits(10, 10, 50, 45 * _SECONDS, 120 * _SECONDS, _ON_WEEKDAYS),
        Kind.WITHDRAW: Limits(10, 10, 50, 45 * _SECONDS, 120 * _SECONDS, _ON_WEEKDAYS),
    },
    totals=Totals(80, 400),
    ceilings={
        Kind.GREET: Totals(30, 120),
        Kind.VISIT: Totals(80, 400),
        Kind.COLLECT: Totals(30, 150),
        Kind.WITHDRAW: Totals(30, 150),
    },
    total_ceiling=Totals(110, 550),
)
"""The limits of version 1 and the low end of what vendors of such tools advise; sites publish none.

There is no such advice for withdrawing invitations; their limits are those of search pages.
"""

PRACTICE_QUOTA: Final = SiteQuota(
    limits={kind: replace(limits, hours=Hours()) for kind, limits in DEFAULT_QUOTA.limits.items()},
    totals=DEFAULT_QUOTA.totals,
    ceilings=None,
    total_ceiling=None,
)
"""For the practice network, where nothing can do harm: day and night, and without ceilings."""

WARM_UP_SHARES: Final = (Fraction(1, 3), Fraction(1, 2), Fraction(4, 5))
"""The share of its limits that a new account may use in its first, second and third week."""

CUT_SHARE: Final = Fraction(7, 10)
"""The share of a kind's limits that is left for `CUT_FOR` after a limit page of the site."""
CUT_FOR: Final = timedelta(days=7)
PAUSE_FOR: Final = timedelta(hours=24)
"""How long a kind pauses after a limit page of the site."""


def draw_gap(limits: Limits, jitter: float) -> timedelta:
    """Return a gap between the limits' bounds, in whole milliseconds, for a `jitter` from [0, 1)."""
    if limits.gap_min == limits.gap_max:
        return limits.gap_min
    gap = limits.gap_min + (limits.gap_max - limits.gap_min) * jitter
    return timedelta(milliseconds=gap // timedelta(milliseconds=1))


def warm_up_share(warm_up_on: date | None, now: datetime, zone: ZoneInfo) -> Fraction:
    """Return the share of its limits that an account may use today; its warm-up began on `warm_up_on`.

    It changes only at the account's midnight. None: no warm-up, so 1.
    """
    if warm_up_on is None:
        return Fraction(1)
    weeks = (now.astimezone(zone).date() - warm_up_on).days // 7
    return WARM_UP_SHARES[max(0, weeks)] if weeks < len(WARM_UP_SHARES) else Fraction(1)


def cap_limits(quota: SiteQuota, kind: Kind, limits: Limits) -> Limits:
    """Return `limits` with no count above the site's hard ceiling, whatever was stored."""
    if quota.ceilings is None:
        return limits
    ceiling = quota.ceilings[kind]
    per_day, per_week = min(limits.per_day, ceiling.per_day), min(limits.per_week, ceiling.per_week)
    reserved = min(limits.reserved_per_day, per_day)
    return replace(limits, per_day=per_day, per_week=per_week, reserved_per_day=reserved)


def cap_totals(quota: SiteQuota, totals: Totals) -> Totals:
    """Return `totals` with no count above the site's hard ceiling, whatever was stored."""
    ceiling = quota.total_ceiling
    if ceiling is None:
        return totals
    return Totals(min(totals.per_day, ceiling.per_day), min(totals.per_week, ceiling.per_week))


def scale_limits(limits: Limits, share: Fraction) -> Limits:
    """Return `limits` with `share` of each count, rounded down but not to 0. Gap and hours stay."""
    if share == 1:  # as for most accounts; fractions are slow
        return limits
    return replace(
        limits,
        per_run=_scale_count(limits.per_run, share),
        per_day=_scale_count(limits.per_day, share),
        per_week=_scale_count(limits.per_week, share),
        reserved_per_day=_scale_count(limits.reserved_per_day, share),
    )


def scale_totals(totals: Totals, share: Fraction) -> Totals:
    """Return `totals` with `share` of each count, rounded down but not to 0."""
    if share == 1:
        return totals
    return Totals(_scale_count(totals.per_day, share), _scale_count(totals.per_week, share))


def _scale_count(count: int, share: Fraction) -> int:
    return min(count, max(1, int(count * share)))
