"""The times of a schedule in a form: a time of day on days of the week, or a cron expression."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from gettext import NullTranslations
from typing import Final

from babel import dates

from api_stub.console.forms import PostedForm
from api_stub.console.i18n import FORMATS
from db.store.people.accounts import AccountRecord
from worker.errors import RequestRefusedError
from worker.rules.dates.schedule_times import WeeklyTime, list_next_fires, parse_weekly

FIRES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class TypedTimes:
    """What was typed: `at` as HH:MM and `days`, 0 for Monday; or `cron`, which wins if `by_rule`."""

    at: str = "09:00"
    days: frozenset[int] = frozenset(range(5))
    cron: str = ""
    by_rule: bool = False


@dataclass(frozen=True, slots=True)
class CheckedTimes:
    """A cron expression with its next fires, or what is wrong with the `field` and why."""

    cron: str = ""
    fires: Sequence[datetime] = ()
    field: str = ""
    error: str = ""


def read_times(form: PostedForm) -> TypedTimes:
    """Return what was typed."""
    days = frozenset(int(day) for day in form.texts("day") if day in set("0123456"))
    return TypedTimes(
        form.text("at", most=20), days, form.text("cron", most=200), form.text("when", most=10) == "rule"
    )


def to_times(cron: str) -> TypedTimes:
    """Return a stored expression as it would have been typed."""
    weekly = parse_weekly(cron)
    if weekly is None:
        return TypedTimes(cron=cron, by_rule=True)
    return TypedTimes(f"{weekly.at:%H:%M}", weekly.days, cron)


def check_times(
    typed: TypedTimes, account: AccountRecord, now: datetime, texts: NullTranslations
) -> CheckedTimes:
    """Return the expression that stands for what was typed, and its next fires in the account's zone."""
    cron = typed.cron
    if not typed.by_rule:
        found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", typed.at)
        if found is None:
            return CheckedTimes(field="at", error=texts.gettext("give a time such as 09:00"))
        if not typed.days:
            return CheckedTimes(field="day", error=texts.gettext("choose at least one day"))
        cron = WeeklyTime(time(int(found[1]), int(found[2])), typed.days).to_cron()
    try:
        return CheckedTimes(cron, list_next_fires(cron, account.zone, now, count=FIRES_SHOWN))
    except RequestRefusedError as refusal:
        return CheckedTimes(field="cron", error=str(refusal))


def describe_times(cron: str, locale: str, texts: NullTranslations) -> str:
    """Return an expression in words, or as it is if it has no simple ones."""
    weekly = parse_weekly(cron)
    if weekly is None:
        return texts.gettext("by the rule %(cron)s") % {"cron": cron}
    at = f"{weekly.at:%H:%M}"
    if len(weekly.days) == len(list_day_names(locale)):
        return texts.gettext("every day at %(time)s") % {"time": at}
    names = list_day_names(locale)
    days = ", ".join(names[day] for day in sorted(weekly.days))
    return texts.gettext("%(days)s at %(time)s") % {"days": days, "time": at}


def list_day_names(locale: str) -> Sequence[str]:
    """Return the names of the days of the week, Monday first."""
    names = dates.get_day_names("wide", "stand-alone", FORMATS[locale])
    return [names[day] for day in range(7)]
