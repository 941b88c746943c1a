"""Forecast which future actions are reached, and when, by simulating the quota's own rules.

It assumes that a campaign starts at each opening of the working hours (at once if they are open), that each
action succeeds after the mean gap, that nothing else uses the quota, and that limits stay as they are set.
Planned actions go first, the one that is due the longest first, as in queue_due_actions.sql; then today's
birthdays, then late ones, the latest birthday first. Whatever tells a person when somebody is greeted asks
this function.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from worker.errors import Reason
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.breaker import Outcome
from worker.rules.quota.decision import reserve, settle
from worker.rules.quota.limits import draw_gap
from worker.rules.quota.model import QuotaContext, QuotaState, Verb
from worker.rules.quota.windows import calendar_day, local_day, opening

_MEAN_JITTER: Final = 0.5
_EQUALLY_LONG: Final = datetime.min.replace(tzinfo=UTC)
_LEASE: Final = timedelta(minutes=1)
"""Any lease will do: a granted action is settled at once."""


@dataclass(frozen=True, slots=True)
class ExpectedAction:
    """A future action for a birthday on `on`, possible up to and including `until`.

    It waits until `not_before`, for the reason `waits_for`. Once a `campaign` has planned it, `planned` is
    when, and the action's id: of two actions that are otherwise equal, the first goes first.
    """

    contact_id: int
    full_name: str
    on: date
    until: date
    campaign: str | None = None
    not_before: datetime | None = None
    waits_for: Reason | None = None
    planned: tuple[datetime, UUID] | tuple[()] = ()


@dataclass(frozen=True, slots=True)
class ActionForecast:
    """When one action is reached: an instant (aware, UTC) and its local day; None: it is missed.

    `held_back` is the reason why a late action still waited at the end of its first possible day, or a missed
    one at the end of its last. None: it is in time, or its birthday was over before.
    """

    action: ExpectedAction
    reached_at: datetime | None
    reached_on: date | None
    held_back: Reason | None

    @property
    def days_late(self) -> int:
        """Days after the birthday; 0 is in time. Meaningless for a missed action."""
        return (self.reached_on - self.action.on).days if self.reached_on is not None else 0


@dataclass(frozen=True, slots=True)
class DayUsage:
    """One calendar day of the account: units used, and the day's limit in force."""

    on: date
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Every action by birthday and name, and each day up to the last on which one is reached or missed."""

    actions: tuple[ActionForecast, ...]
    days: tuple[DayUsage, ...]


def forecast(
    expected: Iterable[ExpectedAction], allowance: Allowance, state: QuotaState, *, now: datetime, last: date
) -> Forecast:
    """Return when each expected action is reached, from the aware instant `now` on.

    `state` holds what is used already. The result holds birthdays up to `last`. Later ones compete for the
    same quota, so pass all up to the latest `until` of those.
    """
    simulation = _Simulation(allowance, state, now)
    zone = allowance.zone
    used = Counter(_local_date(charge.at, zone) for charge in state.charges if charge.kind is allowance.kind)
    forecasts = list(_simulate(simulation, expected))
    used.update(each.reached_on for each in forecasts if each.reached_on is not None)
    listed = sorted(
        (each for each in forecasts if each.action.on <= last),
        key=lambda each: (each.action.on, each.action.full_name, each.action.contact_id),
    )
    first = _local_date(now, zone)
    end = max([last, *(each.reached_on or each.action.until for each in listed)])
    days = (first + timedelta(days=ahead) for ahead in range((end - first).days + 1))
    return Forecast(
        tuple(listed), tuple(DayUsage(day, used[day], _day_limit(allowance, day, now)) for day in days)
    )


def _day_limit(allowance: Allowance, day: date, now: datetime) -> int:
    starts = max(calendar_day(day, allowance.zone).start, now)
    return allowance.context_at(starts, "").limits.per_day


_Turn = tuple[bool, datetime, int, tuple[datetime, UUID] | tuple[()], int, date]
"""The place of an action in the queue; the smallest goes first. A tuple, because thousands are compared.

Whether it is new; when it became due, for those that are due at the start, and _EQUALLY_LONG for later ones;
minus the ordinal of the birthday; when it was planned; the contact; the birthday.
"""


@dataclass(slots=True)
class _Group:
    """Actions in the queue that differ only in their contact, the first one last.

    Thousands of birthdays are hundreds a day, and most of a day are missed together. `since` is the first
    instant at which they are possible, and `first` its day.
    """

    turn: _Turn
    actions: list[ExpectedAction]
    since: datetime
    first: date
    run: str

    @property
    def until(self) -> date:
        return self.actions[-1].until

    def pop_first(self) -> ExpectedAction:
        """Remove the first action and return it."""
        action = self.actions.pop()
        if self.actions:
            self.turn = (*self.turn[:-2], self.actions[-1].contact_id, self.turn[-1])
        return action


class _Simulation:
    """The account at a simulated instant `now`, which moves on whenever the quota denies."""

    def __init__(self, allowance: Allowance, state: QuotaState, now: datetime) -> None:
        self.allowance, self.state = allowance, state
        self._last_denials: dict[date, Reason] = {}
        self._full_runs: set[tuple[date, str]] = set()
        self._contexts: dict[str, QuotaContext] = {}
        self._same_until = now
        self._advance(now)

    def _advance(self, now: datetime) -> None:
        self.now, self.today = now, _local_date(now, self.allowance.zone)

    def _find_context(self, run: str) -> QuotaContext:
        """Return the context of a decision; it is built once while the limits stay the same."""
        if self.now >= self._same_until:
            self._contexts.clear()
            self._same_until = self.allowance.same_until(self.now)
        if run not in self._contexts:
            self._contexts[run] = self.allowance.context_at(self.now, run)
        return self._contexts[run]

    def try_first(self, group: _Group) -> bool:
        """Do the group's first action if the quota grants it.

        Otherwise store the reason and advance to the time of the next try.

        A full run doesn't delay other runs, so the time doesn't advance for it.
        """
        context = self._find_context(group.run)
        key = f"{group.actions[-1].contact_id}:{group.actions[-1].on}"
        gap = draw_gap(context.limits, _MEAN_JITTER)
        decision, self.state = reserve(self.state, context, key, gap=gap, lease=_LEASE, now=self.now)
        if decision.granted:
            _, self.state = settle(
                self.state, context, Verb.COMMIT, key, outcome=Outcome.SUCCESS, now=self.now
            )
            return True
        if decision.reason is Reason.RUN_LIMIT:
            self._full_runs.add((self.today, group.run))
        elif decision.reason is not None and decision.retry_at is not None:
            self._last_denials[self.today] = decision.reason
            self._wait_until(decision.retry_at)
        return False

    def _wait_until(self, then: datetime) -> None:
        """Advance to `then`, or to an earlier instant at which limits change."""
        changes = [local_day(self.now, self.allowance.zone).end, then]
        if self.allowance.cut_until is not None and self.allowance.is_cut(self.now):
            changes.append(self.allowance.cut_until)
        self._advance(min(changes))

    def skip_to(self, then: datetime | None, *, day_by_day: bool) -> None:
        """Advance to `then`, when the next action comes; with `day_by_day` at most to the next day."""
        if then is not None and not day_by_day:
            self._advance(then)
            return
        next_day = local_day(self.now, self.allowance.zone).end
        self._advance(min(then or next_day, next_day))

    def is_full(self, run: str) -> bool:
        """Whether the run has used its part of today."""
        return (self.today, run) in self._full_runs

    def find_reason(self, day: date, run: str) -> Reason | None:
        """Return why an action of `run` that was not reached on `day` waited at the end of that day."""
        return Reason.RUN_LIMIT if (day, run) in self._full_runs else self._last_denials.get(day)


def _local_date(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def _simulate(simulation: _Simulation, expected: Iterable[ExpectedAction]) -> Iterator[ActionForecast]:
    begin = simulation.now
    coming = sorted(_group(simulation, expected), key=lambda group: group.since, reverse=True)
    waiting: list[tuple[_Turn, _Group]] = []
    postponed: list[_Group] = []  # their runs are full today
    compares_due_times = True  # until the first denial: then all that is due waits until the same instant
    while coming or waiting or postponed:
        if postponed and not simulation.is_full(postponed[0].run):  # it is another day
            waiting = _waiting_equally_long([*(group for _, group in waiting), *postponed])
            postponed.clear()
        while coming and coming[-1].since <= simulation.now:
            heapq.heappush(waiting, (coming[-1].turn, coming.pop()))
        if not waiting:
            simulation.skip_to(coming[-1].since if coming else None, day_by_day=bool(postponed))
            continue
        group = waiting[0][1]
        if simulation.today > group.until:
            heapq.heappop(waiting)
            yield from _missed_forecasts(simulation, group)
        elif simulation.is_full(group.run):
            postponed.append(heapq.heappop(waiting)[1])
        elif simulation.try_first(group):
            heapq.heappop(waiting)
            yield _reached_forecast(simulation, group, group.pop_first(), begin)
            if group.actions:
                heapq.heappush(waiting, (group.turn, group))
        elif compares_due_times and not simulation.is_full(group.run):
            waiting = _waiting_equally_long([group for _, group in waiting])
            compares_due_times = False


def _waiting_equally_long(groups: Sequence[_Group]) -> list[tuple[_Turn, _Group]]:
    """Return a heap of actions that were all denied until the same instant, whenever they became due."""
    for group in groups:
        group.turn = (group.turn[0], _EQUALLY_LONG, *group.turn[2:])
    heap = [(group.turn, group) for group in groups]
    heapq.heapify(heap)
    return heap


def _group(simulation: _Simulation, expected: Iterable[ExpectedAction]) -> Iterator[_Group]:
    alike: dict[tuple[object, ...], list[ExpectedAction]] = {}
    for action in expected:
        same = (action.on, action.until, action.campaign, action.not_before, action.planned)
        alike.setdefault(same, []).append(action)
    for actions in alike.values():
        actions.sort(key=lambda action: action.contact_id, reverse=True)
        yield _queue_group(simulation, actions)


def _queue_group(simulation: _Simulation, actions: list[ExpectedAction]) -> _Group:
    action, zone, now = actions[-1], simulation.allowance.zone, simulation.now
    starts = max(now, calendar_day(action.on, zone).start)
    since = max(starts, action.not_before or starts)
    if action.campaign is None:
        hours = simulation.allowance.limits[simulation.allowance.kind].hours
        since = max(since, opening(since, hours, zone).start)
    first = _local_date(since, zone)
    is_new = action.campaign is None
    # of new ones, the latest birthday goes first, however long the others have been possible
    due_at = _EQUALLY_LONG if is_new or since > now else action.not_before or starts
    return _Group(
        turn=(is_new, due_at, -action.on.toordinal(), action.planned, action.contact_id, action.on),
        actions=actions,
        since=since,
        first=first,
        run=action.campaign or f"campaign of {first}",
    )


def _reached_forecast(
    simulation: _Simulation, group: _Group, action: ExpectedAction, begin: datetime
) -> ActionForecast:
    on, held_back = simulation.today, None
    if on > group.first:
        held_back = simulation.find_reason(group.first, group.run)
    elif on > max(action.on, _local_date(begin, simulation.allowance.zone)):
        held_back = _late_reason(action)
    return ActionForecast(action, simulation.now, on, held_back)


def _missed_forecasts(simulation: _Simulation, group: _Group) -> Iterator[ActionForecast]:
    was_possible = group.first <= group.until
    reason = simulation.find_reason(group.until, group.run)
    for action in group.actions:
        yield ActionForecast(action, None, None, reason if was_possible else _late_reason(action))


def _late_reason(action: ExpectedAction) -> Reason:
    """Return why an action was possible only after its birthday: it waits, or no earlier day was worked."""
    return action.waits_for or Reason.OUTSIDE_HOURS
