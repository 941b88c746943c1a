"""A day of many accounts that share so many actions a second: a fluid simulation.

Each account has streams of actions, such as its greetings: the next is due a gap after the last one ended.
All begin with the working hours, and what is due is served in the order in which it became due. Accounts are
one amount that flows, so the result depends only on the capacity for each account, not on their number.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from worker.rules.model import Kind
from worker.rules.quota.limits import DEFAULT_QUOTA

STEP_S: Final = 10
HOURS_S: Final = 12 * 3600
_GAPS: Final = 3
"""A gap that is drawn evenly is represented by so many values."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of an account's actions: how many on a day, and the gap between two of them."""

    per_day: int
    least_gap_s: float
    most_gap_s: float

    @property
    def gaps_s(self) -> Sequence[float]:
        """Gaps that stand for all."""
        width = (self.most_gap_s - self.least_gap_s) / (_GAPS - 1)
        return [self.least_gap_s + number * width for number in range(_GAPS)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long the oldest due action has waited at each step, and what share of the day's actions is done.

    `ended_s` is when the last one ended, None if the working hours end before it.
    """

    lags_s: Sequence[float]
    done: float
    ended_s: float | None

    @property
    def longest_lag_s(self) -> float:
        """The longest that an action was due."""
        return max(self.lags_s)


def list_streams() -> Sequence[Stream]:
    """Return what the default quota allows an account on a weekday, apart from withdrawing invitations."""
    limits = [DEFAULT_QUOTA.limits[kind] for kind in (Kind.GREET, Kind.VISIT, Kind.COLLECT)]
    return [
        Stream(each.per_day, each.gap_min.total_seconds(), each.gap_max.total_seconds()) for each in limits
    ]


def count_actions_a_week() -> int:
    """Return how many actions the default quota allows an account in a week."""
    return sum(DEFAULT_QUOTA.limits[kind].per_week for kind in (Kind.GREET, Kind.VISIT, Kind.COLLECT))


def simulate(streams: Sequence[Stream], capacity: float) -> Outcome:
    """Simulate the working hours of a day; `capacity` is actions a second for each account."""
    due: deque[tuple[float, int, int, float]] = deque()
    """When it became due, its stream, how many came before in it, and for what share of the accounts."""
    later: defaultdict[int, dict[tuple[int, int], float]] = defaultdict(dict)
    for number in range(len(streams)):
        later[0][number, 0] = 1.0
    lags, done, ended = [], 0.0, None
    total = sum(stream.per_day for stream in streams)
    for step in range(HOURS_S // STEP_S):
        now = float(step * STEP_S)
        due.extend((now, *key, share) for key, share in later.pop(step, {}).items())
        left = capacity * STEP_S
        while due and left > 0:
            since, number, count, share = due.popleft()
            served = min(share, left)
            left -= served
            done += served
            if served < share:
                due.appendleft((since, number, count, share - served))
            if count + 1 < streams[number].per_day:
                _plan_next(later, streams[number], (number, count + 1), served, now)
        lags.append(now - due[0][0] if due else 0.0)
        if ended is None and done > total * (1 - 1e-9):
            ended = now
    return Outcome(lags, done / total, ended)


def _plan_next(
    later: Mapping[int, dict[tuple[int, int], float]],
    stream: Stream,
    key: tuple[int, int],
    share: float,
    now: float,
) -> None:
    for gap_s in stream.gaps_s:
        at = later[int((now + gap_s) // STEP_S) + 1]
        at[key] = at.get(key, 0.0) + share / _GAPS


def find_capacity(streams: Sequence[Stream], longest_lag_s: float) -> float:
    """Return the least capacity for each account with which everything is done, and nothing waits longer."""
    least, most = 0.0, sum(1 / stream.least_gap_s for stream in streams) * 2
    for _ in range(12):
        middle = (least + most) / 2
        outcome = simulate(streams, middle)
        if outcome.ended_s is not None and outcome.longest_lag_s <= longest_lag_s:
            most = middle
        else:
            least = middle
    return most
