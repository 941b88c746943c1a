"""Render `rapport forecast`: a line for each day, and the verdict."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from rich.text import Text

from api_stub.cli.formatting import create_table, format_time
from api_stub.cli.hints import as_typed
from api_stub.cli.quota.display import render_bar
from api_stub.cli.screen.tables import Table
from api_stub.explain.quota_gates import describe_warm_up
from api_stub.responses.forecast import DayForecast, End, ForecastAnswer, PersonForecast
from api_stub.responses.quota_windows import Window
from db.store.reports.forecasts.birthday_forecast import AccountForecast
from worker.errors import Reason
from worker.rules.wording.counts import format_count
from worker.rules.wording.reasons import describe_reason

_NAMED: Final = 6
"""How many names fit in a line, the missed and the late first; the rest is counted."""

_FIRST_NAMED: Final = (End.MISSED, End.LATE, End.IN_TIME)
_STYLES: Final[Mapping[End, str]] = {End.IN_TIME: "", End.LATE: "yellow", End.MISSED: "bold red"}

_REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.RUN_LIMIT: "greet --per-run N",
    Reason.DAY_LIMIT: "greet --per-day N",
    Reason.WEEK_LIMIT: "greet --per-week N",
    Reason.ALL_DAY_LIMIT: "all --per-day N",
    Reason.ALL_WEEK_LIMIT: "all --per-week N",
    Reason.OUTSIDE_HOURS: "greet --hours 07:00-21:00 --days mon-sun",
    Reason.GAP: "greet --gap 60s-120s",
}
"""The options of `rapport quota set ACCOUNT ...` that let more through; other reasons only pass with time."""


def render_title(found: AccountForecast) -> Text:
    """Return the heading: the account, the period, and what the forecast assumes."""
    record, ramp = found.account, found.allowance.warm_up_on
    text = Text(f"account {record.name} on {record.site}: birthdays up to {found.last}, ", "bold")
    text.append(f"at most {found.late_days} days late; days begin in {record.zone.key}\n", "bold")
    text.append(f"warm-up {describe_warm_up(ramp, found.now, record.zone)}\n", "default")
    text.append(
        f"as of {format_time(found.now, record.zone)}, if a campaign runs at each opening and nothing fails",
        "dim",
    )
    return text


def list_caveats(found: ForecastAnswer) -> Iterator[str]:
    """Yield what a person must do before the forecast can come true."""
    if found.stopped_by is not None:
        yield "the forecast shows what would happen if the account resumed now"
    if found.unapproved:
        waiting = format_count(found.unapproved, "greeting waits", "greetings wait")
        yield f"{waiting} for approval; the forecast assumes that all are approved now"
    if found.paused:
        waiting = format_count(found.paused, "greeting waits", "greetings wait")
        yield f"{waiting} in a paused campaign; the forecast assumes that it is resumed now"


def render_table(found: ForecastAnswer, *, ascii_only: bool) -> Table:
    """Return a row for each day with greetings: how full its limit is, and who is reached or missed."""
    by_day: dict[date, list[PersonForecast]] = {}
    for person in found.people:
        last = max(person.until_on, found.days[0].on)  # who was missed before is named on the first day
        by_day.setdefault(person.reached_on or last, []).append(person)
    listed = create_table("day", "", "greetings", "who")
    for day in found.days:
        people = by_day.get(day.on, [])
        if people or day.used:
            used = render_bar(_to_window(day), ascii_only=ascii_only)
            count = Text(f"{day.used} of {day.limit}", justify="right")
            listed.add_row(f"{day.on:%a} {day.on}", used, count, _render_people(people))
    return listed


def _to_window(day: DayForecast) -> Window:
    return Window(used=day.used, left=max(0, day.limit - day.used), limit=day.limit)


def _render_people(people: list[PersonForecast]) -> Text:
    """Name who is missed (it is their last day), then who is late, then the others."""
    ordered = sorted(people, key=lambda person: _FIRST_NAMED.index(person.end))
    named = [Text(_describe_person(person), _STYLES[person.end]) for person in ordered[:_NAMED]]
    text = Text(", ", overflow="fold").join(named)
    if rest := ordered[_NAMED:]:
        late = sum(person.end is End.LATE for person in rest)
        text.append(f" and {len(rest)} more" + (f" ({late} late)" if late else ""))
    return text


def _describe_person(person: PersonForecast) -> str:
    if person.end is End.MISSED:
        return f"{person.full_name} (missed)"
    return f"{person.full_name} ({person.days_late} late)" if person.days_late else person.full_name


def render_verdict(found: ForecastAnswer) -> Text:
    """Return one line: how many are reached, how many late or missed, and what would help."""
    if not found.birthdays:
        return Text(f"nobody with a birthday up to {found.last_on} is still to be greeted")
    reached = found.in_time + found.late
    counts = f"{reached} of {found.birthdays} will be greeted"
    if not found.late and not found.missed:
        return Text(f"{counts}, all on time", "green")
    style = "bold red" if found.missed else "yellow"
    return Text(f"{counts}, {found.late} of them late, {found.missed} missed{_explain(found)}", style)


def _explain(found: ForecastAnswer) -> str:
    if not found.held_back_by:
        return ": their birthdays were already over"
    reason = Reason(next(iter(found.held_back_by)))
    remedy = _REMEDIES.get(reason)
    helps = f"; to allow more: `rapport quota set {found.account} {remedy}`" if remedy else ""
    return f": {describe_reason(reason)}{as_typed(helps)}"
