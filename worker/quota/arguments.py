"""The keys and arguments of quota.lua: one builder for each verb's arguments."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

from worker.rules.model import Kind
from worker.rules.quota.breaker import FIRST_WAIT, LONGEST_WAIT, THRESHOLD, Breaker, Outcome
from worker.rules.quota.model import Charge, QuotaContext, QuotaState
from worker.rules.quota.windows import local_day, opening

_KINDS: Final = tuple(Kind)
"""The script numbers kinds from 1 in this order; a new kind goes to the end."""
_NONE: Final = timedelta(0)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Arguments:
    """A verb's own arguments: `numbers` follow the day and the kind in ARGV 5, `text` is ARGV 6."""

    numbers: Sequence[int] = ()
    text: str = ""


class Builder(Protocol):
    """Builds a verb's arguments as of `now`; called again if it is another day by Redis' clock."""

    def __call__(self, context: QuotaContext, now: datetime, /) -> Arguments:
        """Return the arguments."""


def build_none(_context: QuotaContext, _now: datetime, /) -> Arguments:
    """`start` and `reset` have no arguments of their own."""
    return Arguments()


def build_decision(
    context: QuotaContext, now: datetime, /, *, gap: timedelta = _NONE, lease: timedelta = _NONE
) -> Arguments:
    """`reserve` and `remaining`: limits in force, working hours, pause, gap, lease and reserved shares."""
    limits, totals = context.limits, context.totals
    hours = opening(now, limits.hours, context.zone)
    shares = [context.shares.get(kind, 0) for kind in _KINDS]
    return Arguments([
        limits.per_run, limits.per_day, limits.per_week, totals.per_day, totals.per_week,
        epoch_ms(hours.start), epoch_ms(hours.end), epoch_ms(context.paused_until),
        _ms(gap), _ms(lease), *shares,
    ])  # fmt: skip


def build_settle(_context: QuotaContext, _now: datetime, /, *, outcome: Outcome) -> Arguments:
    """`commit`, `release` and `report`: the breaker's numbers, and the outcome."""
    return Arguments([THRESHOLD, _ms(FIRST_WAIT), _ms(LONGEST_WAIT)], outcome)


def build_install(context: QuotaContext, now: datetime, /, *, state: QuotaState) -> Arguments:
    """`install`: every charge, and each kind's gap and breaker, as JSON."""
    today = local_day(now, context.zone).start
    charges = [_charge_row(charge, today) for charge in state.charges]
    kinds = [[epoch_ms(state.gaps.get(kind)), *_breaker_row(state.breaker(kind))] for kind in _KINDS]
    return Arguments(text=json.dumps({"charges": charges, "kinds": kinds}, separators=(",", ":")))


@lru_cache(maxsize=4096)
def list_keys(account_id: int) -> Sequence[str]:
    """Return the account's keys in the script's order; all in one slot of a Redis Cluster."""
    base = f"rapport:quota:{{acct:{account_id}}}"
    return f"{base}:state", *(f"{base}:{kind}" for kind in _KINDS)


def kind_number(kind: Kind) -> int:
    """Return the script's number of a kind."""
    return _KINDS.index(kind) + 1


def epoch_ms(instant: datetime | None) -> int:
    """Return an instant in milliseconds since 1970; 0 for None."""
    return round(instant.timestamp() * 1000) if instant else 0


def _ms(duration: timedelta) -> int:
    return duration // _MILLISECOND


def _charge_row(charge: Charge, today: datetime) -> list[str | int]:
    # A run is a campaign on one day: charges of earlier days don't count in it.
    run = charge.run_id if charge.run_id and charge.at >= today else ""
    return [kind_number(charge.kind), charge.reservation_id, epoch_ms(charge.at), run, int(charge.held)]


def _breaker_row(breaker: Breaker) -> tuple[int, int, int]:
    return breaker.failures, breaker.openings, epoch_ms(breaker.open_until)
