"""What `GET /data/quota` and `rapport quota show --json` answer."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

from worker.rules.model import Kind


class Source(StrEnum):
    """Who told the numbers: Redis, or the ledger: it alone was asked, or Redis could not tell."""

    REDIS = "redis"
    LEDGER = "ledger"
    REDIS_AWAY = "ledger_redis_away"
    REDIS_COLD = "ledger_redis_cold"


class Window(BaseModel):
    """How much of a limit is used. `limit` is the one in force, after warm-up, cuts and ceilings."""

    used: int
    left: int
    limit: int


class Windows(BaseModel):
    """The windows of a kind, or of all kinds together (which have no run)."""

    run: Window | None = Field(description="Of the campaign at hand, today; null where there is none.")
    day: Window
    week: Window = Field(description="The last 7 days, to the second.")


class WorkingHours(BaseModel):
    """When the account may act, by the clock of its time zone."""

    opens: str = Field(examples=["07:00"])
    closes: str = Field(examples=["19:00"])
    days: list[str] = Field(examples=[["mon", "tue"]])
    open_now: bool
    opens_at: datetime = Field(description="When these hours began, or when the next ones begin.")
    closes_at: datetime


class BreakerState(BaseModel):
    """Opens after faults of the site in a row; then one try at a time is let through."""

    state: Literal["closed", "open", "half_open"]
    failures: int
    open_until: datetime | None


class NowAnswer(BaseModel):
    """What a reservation would be answered if it were asked now."""

    granted: bool
    reason: str | None
    retry_at: datetime | None


class LastDenial(BaseModel):
    """The newest action that waits because the quota said so."""

    action_id: str
    contact: str
    reason: str
    until: datetime


class KindQuota(BaseModel):
    """How one kind of action stands."""

    now: NowAnswer
    windows: Windows
    left_of_all_day: int = Field(
        description="What it may take of the day of all kinds: shares kept for others are not in it."
    )
    left_of_all_week: int
    reserved_per_day: int = Field(description="How much of the day of all kinds is kept for this one.")
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
    """A new account's limits ramp up over its first weeks."""

    began_on: date | None = Field(description="Null: it never had to.")
    share: float = Field(description="What it may use of its limits today; 1 is all.")


class QuotaAnswer(BaseModel):
    """An account's quota by kind and for all kinds together, as of one moment.

    Over HTTP it is told by the ledger in Postgres: everything that was sent or may have been sent counts, as
    it would after a rebuild of the counters. A unit that a worker holds at this moment but has not begun to
    use is not in it, and the gap after the last use is taken as long as it can be. What decides is Redis.
    """

    account: str
    site: str
    time_zone: str = Field(description="Its days begin in this zone.")
    as_of: datetime
    told_by: Source
    warm_up: WarmUp
    together: Windows
    kinds: dict[Kind, KindQuota]
