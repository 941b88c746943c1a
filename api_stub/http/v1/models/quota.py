"""Bodies of the routes of the quota: limits, the warm-up, the breaker, and who changed what."""

from datetime import date, datetime
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api_stub.http.v1.fields import Day
from api_stub.responses.quota_changes import Value, list_differences
from db.store.quota.limits import LimitChange
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.notation import DAY_NAMES, format_clock_time
from worker.rules.wire.json_types import JSON_NUMBER

MOST: Final = 100_000
"""The largest count, as on the command line."""
_LONGEST_GAP_S: Final = 86_400
"""A day."""

DayName: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Count = Annotated[int, Field(ge=0, le=MOST), JSON_NUMBER]
GapSeconds = Annotated[float, Field(ge=0, le=_LONGEST_GAP_S, allow_inf_nan=False), JSON_NUMBER]
ClockTime = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Days = Annotated[list[DayName], Field(min_length=1, max_length=7)]

_KIND: Final[JsonDict] = {
    "per_run": 15,
    "per_day": 15,
    "per_week": 75,
    "reserved_per_day": 15,
    "gap_min_s": 90.0,
    "gap_max_s": 180.0,
    "opens": "07:00",
    "closes": "19:00",
    "days": ["mon", "tue", "wed", "thu", "fri"],
}
_TOTALS: Final[JsonDict] = {"per_day": 80, "per_week": 400}


class KindLimits(BaseModel):
    """The limits of one kind of action, as they are set: warm-up, cuts and ceilings still apply."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KIND]})

    per_run: int = Field(description="Of one campaign on one day.")
    per_day: int = Field(description="Of a calendar day in the account's zone.")
    per_week: int = Field(description="Of any 7 days.")
    reserved_per_day: int = Field(description="Its share of the day of all kinds, for this kind alone.")
    gap_min_s: float = Field(description="The shortest time between two actions.")
    gap_max_s: float = Field(description="The longest; it is drawn at random.")
    opens: str
    closes: str
    days: list[DayName]


class TotalLimits(BaseModel):
    """The limits of all kinds together, as they are set."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOTALS]})

    per_day: int
    per_week: int


class AccountLimits(BaseModel):
    """All limits of an account, as they are set; `GET …/quota` has those in force."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kinds": dict.fromkeys(Kind, _KIND),
                    "together": _TOTALS,
                    "warm_up_began_on": "2026-11-23",
                }
            ]
        }
    )

    kinds: dict[Kind, KindLimits]
    together: TotalLimits
    warm_up_began_on: date | None


class _Change(BaseModel):
    """Values that are not given, or null, stay as they are."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _require_one(self) -> Self:
        if all(value is None for value in dict(self).values()):
            raise ValueError("give at least one limit")
        return self


class KindLimitsIn(_Change):
    """Limits to change; those that are not given stay as they are. 0 allows nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"per_day": 10, "gap_min_s": 120, "opens": "08:00", "days": ["mon", "tue"]}],
            "minProperties": 1,
        }
    )

    per_run: Count | None = Field(None, description="Of one campaign.")
    per_day: Count | None = Field(None, description="Of a day in the account's zone.")
    per_week: Count | None = Field(None, description="Of any seven days.")
    reserved_per_day: Count | None = Field(
        None, description="How many of all kinds' limit of a day are kept for this kind."
    )
    gap_min_s: GapSeconds | None = Field(None, description="The shortest gap between two, in seconds.")
    gap_max_s: GapSeconds | None = Field(None, description="The longest gap between two, in seconds.")
    opens: ClockTime | None = Field(None, description="When the working hours begin, in the account's zone.")
    closes: ClockTime | None = Field(None, description="When the working hours end, in the account's zone.")
    days: Days | None = Field(None, description="The working days.")


class TotalLimitsIn(_Change):
    """Limits of all kinds together to change; those that are not given stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"per_day": 60}], "minProperties": 1})

    per_day: Count | None = Field(None, description="Of a day in the account's zone.")
    per_week: Count | None = Field(None, description="Of any seven days.")


class WarmUpIn(BaseModel):
    """The first day of a warm-up: today or earlier, in the account's zone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"began_on": "2026-11-23"}]})

    began_on: Day


class QuotaResetIn(BaseModel):
    """Whose breakers are closed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kinds": ["greet"]}]})

    kinds: Annotated[list[Kind], Field(min_length=1, max_length=len(Kind))] = Field(
        list(Kind), description="All kinds if not given."
    )


class QuotaResetOut(BaseModel):
    """The breakers that are closed, and how many waiting actions ask the quota again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"closed": ["greet"], "asked_again": 2}]})

    closed: list[Kind]
    asked_again: int


class LimitDifference(BaseModel):
    """One limit before and after. Gaps and hours are written as they are typed on the command line."""

    name: str
    before: int | str | list[str] | None
    after: int | str | list[str] | None


class LimitChangeOut(BaseModel):
    """Who changed which limits, and when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-11-29T09:00:00Z",
                    "by": "crm",
                    "what": "greet",
                    "differences": [{"name": "per_day", "before": 15, "after": 10}],
                    "closed": [],
                }
            ]
        }
    )

    at: datetime
    by: str
    what: str = Field(description="A kind, or: total (all kinds together), warm_up, breaker.")
    differences: list[LimitDifference]
    closed: list[str] = Field(description="The kinds whose breakers were closed.")


def build_kind_limits(limits: Limits) -> KindLimits:
    """Return the answer for the limits of one kind."""
    return KindLimits(
        per_run=limits.per_run,
        per_day=limits.per_day,
        per_week=limits.per_week,
        reserved_per_day=limits.reserved_per_day,
        gap_min_s=limits.gap_min.total_seconds(),
        gap_max_s=limits.gap_max.total_seconds(),
        opens=format_clock_time(limits.hours.opens),
        closes=format_clock_time(limits.hours.closes),
        days=_name_days(limits.hours.days),
    )


def build_total_limits(totals: Totals) -> TotalLimits:
    """Return the answer for the limits of all kinds together."""
    return TotalLimits(per_day=totals.per_day, per_week=totals.per_week)


def build_limit_change(change: LimitChange) -> LimitChangeOut:
    """Return the answer for an entry of the log."""
    is_reset = change.what == "breaker"
    return LimitChangeOut(
        at=change.at,
        by=change.by,
        what=change.what,
        differences=[]
        if is_reset
        else [
            LimitDifference(name=each.name, before=_to_json(each.before), after=_to_json(each.after))
            for each in list_differences(change)
        ],
        closed=list((change.after or {}).get("closed", ())),
    )


def _to_json(value: Value) -> int | str | list[str] | None:
    if isinstance(value, frozenset):
        return list(_name_days(value))
    return value.isoformat() if isinstance(value, date) else value


def _name_days(days: frozenset[int]) -> list[DayName]:
    names: tuple[DayName, ...] = DAY_NAMES
    return [names[day] for day in sorted(days)]
