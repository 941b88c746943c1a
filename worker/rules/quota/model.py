"""The quota's data: the context of a decision, the state of an account, and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.limits import Limits, Totals


class Verb(StrEnum):
    """How a reservation is settled: it happened, it certainly did not, or only its outcome is reported."""

    COMMIT = "commit"
    RELEASE = "release"
    REPORT = "report"


class Verdict(StrEnum):
    """What the quota answered."""

    GRANTED = "granted"
    REPLAY = "replay"
    DENIED = "denied"
    REMAINING = "remaining"
    STARTED = "started"
    COMMITTED = "committed"
    LATE = "late"
    RELEASED = "released"
    ABSENT = "absent"
    NOTED = "noted"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class QuotaContext:
    """The context of a decision: an account, a kind and a run, with the limits in force.

    `limits` and `totals` are after warm-up, cuts and ceilings. `shares` is the part of the day that is
    reserved for each kind. `run_id` is a campaign, or empty. `epoch` counts the account's rebuilds.
    """

    account_id: int
    zone: ZoneInfo
    kind: Kind
    run_id: str
    limits: Limits
    totals: Totals
    shares: Mapping[Kind, int] = field(default_factory=dict)
    epoch: int = 0
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remaining:
    """Units left in each window. `all_day` excludes what is reserved for other kinds."""

    run: int
    day: int
    week: int
    all_day: int
    all_week: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The quota's answer.

    `reason` and `retry_at` (aware, UTC) belong to a denial, or to the one that a reservation would get now. A
    grant has the end of the gap after it as `retry_at`, None without a gap. `remaining` is set by reserve and
    remaining. `breaker` never names the probe under way.
    """

    verdict: Verdict
    remaining: Remaining | None = None
    reason: Reason | None = None
    retry_at: datetime | None = None
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def granted(self) -> bool:
        """Whether the caller may proceed. A repeated reservation is answered REPLAY and counts once."""
        return self.verdict in {Verdict.GRANTED, Verdict.REPLAY}


@dataclass(frozen=True, slots=True)
class Charge:
    """One unit taken: reserved until `lapses_at`, acting (held without it) or settled (not held)."""

    kind: Kind
    reservation_id: str
    at: datetime
    run_id: str | None = None
    held: bool = False
    lapses_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class QuotaState:
    """The quota state of one account: charges, and each kind's gap and breaker.

    A rebuild writes it, and the fallback decides from it.
    """

    charges: tuple[Charge, ...] = ()
    gaps: Mapping[Kind, datetime] = field(default_factory=dict)
    breakers: Mapping[Kind, Breaker] = field(default_factory=dict)

    def find(self, kind: Kind, reservation_id: str) -> Charge | None:
        """Return the charge of a reservation, or None."""
        same = (c for c in self.charges if c.kind is kind and c.reservation_id == reservation_id)
        return next(same, None)

    def breaker(self, kind: Kind) -> Breaker:
        """Return the breaker of `kind`; closed if nothing ever failed."""
        return self.breakers.get(kind, Breaker())

    def without(self, *removed: Charge) -> "QuotaState":
        """Return the state without these charges."""
        return replace(self, charges=tuple(c for c in self.charges if c not in removed))

    def with_charge(self, charge: Charge) -> "QuotaState":
        """Return the state with `charge` in place of an earlier one of the same reservation."""
        others = (
            c for c in self.charges if c.reservation_id != charge.reservation_id or c.kind is not charge.kind
        )
        return replace(self, charges=(*others, charge))

    def with_breaker(self, kind: Kind, breaker: Breaker) -> "QuotaState":
        """Return the state with another breaker for `kind`."""
        return replace(self, breakers={**self.breakers, kind: breaker})
