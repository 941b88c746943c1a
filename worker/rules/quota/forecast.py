"""Whom the birthdays to come will reach, and when: the quota's own rule, played forward.

Assumed is that a campaign runs at each opening of the working hours (now, if they are open), that each
greeting succeeds after the mean gap, that nothing else uses the quota, and that limits stay as they are set.
Who is planned already goes first; then today's birthdays, then late ones, the latest birthday first.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from worker.errors import Reason
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.breaker import Outcome
from worker.rules.quota.decision import QuotaState, Verb, reserve, settle
from worker.rules.quota.limits import draw_gap
from worker.rules.quota.windows import calendar_day, local_day, opening

_MEAN_JITTER: Final = 0.5
_LEASE: Final = timedelta(minutes=1)
"""Any: a greeting that is let through is settled at once."""


@dataclass(frozen=True, slots=True)
class ExpectedAction:
    """Somebody with a birthday on `on`, who may be greeted up to and including `until`.

    `campaign` has planned the greeting already; then it waits until `not_before`, for `waits_for`.
    """

    contact_id: int
    full_name: str
    on: date
    until: date
    campaign: str | None = None
    not_before: datetime | None = None
    waits_for: Reason | None = None


@dataclass(frozen=True, slots=True)
class ActionForecast:
    """What becomes of one person: reached at an instant (aware, UTC; `reached_on` is its day), or missed.

    `held_back` is what kept a late or missed person waiting at the end of the first day, or of the last one.
    None: nothing did; the birthday was over before, or in time.
    """

    person: ExpectedAction
    reached_at: datetime | None
    reached_on: date | None
    held_back: Reason | None

    @property
    def days_late(self) -> int:
        """Return how many days after the birthday; 0 is in time. Of no meaning for who is missed."""
        return (self.reached_on - self.person.on).days if self.reached_on is not None else 0


@dataclass(frozen=True, slots=True)
class DayUsage:
    """One calendar day of the account: greetings, and how many its limit in force allows."""

    on: date
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Everybody by birthday and name, and each day up to the last on which something happens to them."""

    people: tuple[ActionForecast, ...]
    days: tuple[DayUsage, ...]


def forecast(
    people: Iterable[ExpectedAction], allowance: Allowance, books: QuotaState, *, now: datetime, last: date
) -> Forecast:
    """Return who of `people` is reached when, from the aware instant `now` on.

    The books tell what is used already. Told is of those with a birthday up to `last`; the others compete
    for the same quota, so give all who have one until the latest `until` of those.
    """
    play = _Simulation(allowance, books, now)
    used = Counter(_local_date(charge.at, play) for charge in books.charges if charge.kind is allowance.kind)
    outlooks = list(_simulate(play, people))
    used.update(outlook.reached_on for outlook in outlooks if outlook.reached_on is not None)
    told = sorted(
        (outlook for outlook in outlooks if outlook.person.on <= last),
        key=lambda outlook: (outlook.person.on, outlook.person.full_name, outlook.person.contact_id),
    )
    first = _local_date(now, play)
    ends = max([last, *(outlook.reached_on or outlook.person.until for outlook in told)])
    listed = (first + timedelta(days=ahead) for ahead in range((ends - first).days + 1))
    return Forecast(
        tuple(told), tuple(DayUsage(day, used[day], _day_limit(allowance, day, now)) for day in listed)
    )


def _day_limit(allowance: Allowance, day: date, now: datetime) -> int:
    starts = max(calendar_day(day, allowance.zone).start, now)
    return allowance.context(starts, "").limits.per_day


@dataclass(frozen=True, slots=True, order=True)
class _QueuedAction:
    """Somebody in the queue; the smallest goes first. `since` is the first instant of their `run`."""

    is_new: bool
    birthday_ago: int
    contact_id: int
    person: ExpectedAction = field(compare=False)
    since: datetime = field(compare=False)
    first: date = field(compare=False)
    run: str = field(compare=False)


class _Simulation:
    """The account at an instant that moves on whenever the quota denies."""

    def __init__(self, allowance: Allowance, books: QuotaState, now: datetime) -> None:
        self.allowance, self.books, self.now = allowance, books, now
        self._ends: dict[date, Reason] = {}
        self._full_runs: set[tuple[date, str]] = set()

    @property
    def today(self) -> date:
        return _local_date(self.now, self)

    def ask(self, turn: _QueuedAction) -> bool:
        """Greet this person, if the quota lets it be; else note why not, and go on to when to ask again.

        A run that has used its part of the day holds nobody else up, so then the time stands still.
        """
        context = self.allowance.context(self.now, turn.run)
        key = f"{turn.contact_id}:{turn.person.on}"
        gap = draw_gap(context.limits, _MEAN_JITTER)
        decision, self.books = reserve(self.books, context, key, gap=gap, lease=_LEASE, now=self.now)
        if decision.granted:
            _, self.books = settle(
                self.books, context, Verb.COMMIT, key, outcome=Outcome.SUCCESS, now=self.now
            )
            return True
        if decision.reason is Reason.RUN_LIMIT:
            self._full_runs.add((self.today, turn.run))
        elif decision.reason is not None and decision.retry_at is not None:
            self._ends[self.today] = decision.reason
            self._wait_until(decision.retry_at)
        return False

    def _wait_until(self, then: datetime) -> None:
        """Go on to `then`, or to an earlier moment at which limits change."""
        changes = [local_day(self.now, self.allowance.zone).end, then]
        if self.allowance.cut_until is not None and self.allowance.is_cut(self.now):
            changes.append(self.allowance.cut_until)
        self.now = min(changes)

    def pass_time(self, then: datetime | None, *, day_by_day: bool) -> None:
        """Go on to `then`, when somebody comes; with `day_by_day` to the next day if that is earlier."""
        if then is not None and not day_by_day:
            self.now = then
            return
        next_day = local_day(self.now, self.allowance.zone).end
        self.now = min(then or next_day, next_day)

    def is_full(self, run: str) -> bool:
        """Whether the run has used its part of today."""
        return (self.today, run) in self._full_runs

    def held_on(self, day: date, run: str) -> Reason | None:
        """Return what somebody of `run` who was not reached on `day` was waiting for at its end."""
        return Reason.RUN_LIMIT if (day, run) in self._full_runs else self._ends.get(day)


def _local_date(instant: datetime, play: _Simulation) -> date:
    return instant.astimezone(play.allowance.zone).date()


def _simulate(play: _Simulation, people: Iterable[ExpectedAction]) -> Iterator[ActionForecast]:
    begin = play.now
    coming = sorted((_queued(play, person) for person in people), key=lambda turn: turn.since, reverse=True)
    waiting: list[_QueuedAction] = []
    resting: list[_QueuedAction] = []  # their runs are full today
    while coming or waiting or resting:
        if resting and not play.is_full(resting[0].run):  # it is another day
            waiting.extend(resting)
            resting.clear()
            heapq.heapify(waiting)
        while coming and coming[-1].since <= play.now:
            heapq.heappush(waiting, coming.pop())
        if not waiting:
            play.pass_time(coming[-1].since if coming else None, day_by_day=bool(resting))
            continue
        turn = waiting[0]
        if play.today > turn.person.until:
            heapq.heappop(waiting)
            yield _missed_forecast(play, turn)
        elif play.is_full(turn.run):
            resting.append(heapq.heappop(waiting))
        elif play.ask(turn):
            heapq.heappop(waiting)
            yield _reached_forecast(play, turn, begin)


def _queued(play: _Simulation, person: ExpectedAction) -> _QueuedAction:
    zone, now = play.allowance.zone, play.now
    starts = max(now, calendar_day(person.on, zone).start)
    if person.campaign is None:
        hours = play.allowance.limits[play.allowance.kind].hours
        since = max(now, opening(starts, hours, zone).start)
    else:
        since = max(starts, person.not_before or starts)
    first = _local_date(since, play)
    run = person.campaign or f"campaign of {first}"
    return _QueuedAction(
        person.campaign is None, -person.on.toordinal(), person.contact_id, person, since, first, run
    )


def _reached_forecast(play: _Simulation, turn: _QueuedAction, begin: datetime) -> ActionForecast:
    on, held = play.today, None
    if on > turn.first:
        held = play.held_on(turn.first, turn.run)
    elif on > max(turn.person.on, _local_date(begin, play)):
        held = _late_reason(turn.person)
    return ActionForecast(turn.person, play.now, on, held)


def _missed_forecast(play: _Simulation, turn: _QueuedAction) -> ActionForecast:
    until = turn.person.until
    held = play.held_on(until, turn.run) if turn.first <= until else _late_reason(turn.person)
    return ActionForecast(turn.person, None, None, held)


def _late_reason(person: ExpectedAction) -> Reason:
    """Return why a turn came only after the birthday: it waits, or no working day was earlier."""
    return person.waits_for or Reason.OUTSIDE_HOURS
