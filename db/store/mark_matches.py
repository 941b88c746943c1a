"""How often the forms of marks matched, on all workers."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Date, cast, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import execute_counted
from db.tables import MarkMatch
from worker.rules.sites.mark_trends import COMPARED_WITH, LATELY, MarkLooks, Trend, find_trend

_NONE = ""
"""The version of a look in which no form matched."""
_TODAY = cast(func.timezone("UTC", func.now()), Date)


@dataclass(frozen=True, slots=True, order=True)
class FormKey:
    """A form of a mark. `version` is None where no form matched."""

    site: str
    mark: str
    version: str | None


@dataclass(frozen=True, slots=True, order=True)
class FallenMark:
    """A mark that matches less than it did."""

    site: str
    mark: str
    trend: Trend


def add_looks(session: Session, looks: Mapping[FormKey, int]) -> None:
    """Add to the day's counts, in one statement. Counts of several workers add up."""
    if not looks:
        return
    # In the order of the key, so that two workers that write at once can't deadlock.
    rows = sorted((each.site, each.mark, each.version or _NONE, count) for each, count in looks.items())
    values = [
        {"site": site, "mark": mark, "version": version, "day": _TODAY, "looks": count}
        for site, mark, version, count in rows
    ]
    statement = insert(MarkMatch).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["site", "mark", "version", "day"],
            set_={"looks": MarkMatch.looks + statement.excluded.looks},
        )
    )


def count_matches(session: Session) -> Mapping[FormKey, int]:
    """Return how often each form matched in the last weeks, for the order in which forms are tried."""
    rows = session.execute(
        select(MarkMatch.site, MarkMatch.mark, MarkMatch.version, func.sum(MarkMatch.looks))
        .where(MarkMatch.version != _NONE, MarkMatch.day > _TODAY - COMPARED_WITH)
        .group_by(MarkMatch.site, MarkMatch.mark, MarkMatch.version)
    )
    return {FormKey(site, mark, version): int(count) for site, mark, version, count in rows}


def list_fallen(session: Session, sites: Collection[str] | None = None) -> Sequence[FallenMark]:
    """Return the marks, of these sites or of all, that match less than they did, by site and name."""
    lately = MarkMatch.day > _TODAY - LATELY
    rows = session.execute(
        select(MarkMatch.site, MarkMatch.mark, MarkMatch.version, lately, func.sum(MarkMatch.looks))
        .where(
            MarkMatch.day > _TODAY - LATELY - COMPARED_WITH,
            *([] if sites is None else [MarkMatch.site.in_(sites)]),
        )
        .group_by(MarkMatch.site, MarkMatch.mark, MarkMatch.version, lately)
    )
    counted: dict[tuple[str, str], dict[bool, Counter[str]]] = defaultdict(
        lambda: {True: Counter(), False: Counter()}
    )
    for site, mark, version, is_late, count in rows:
        counted[site, mark][is_late][version] += int(count)
    found = (
        (site, mark, find_trend(_looks(periods[False]), _looks(periods[True])))
        for (site, mark), periods in counted.items()
    )
    return sorted(FallenMark(site, mark, trend) for site, mark, trend in found if trend is not None)


def delete_old(session: Session) -> int:
    """Delete counts that nothing reads any more; return how many rows."""
    return execute_counted(session, delete(MarkMatch).where(MarkMatch.day <= _TODAY - LATELY - COMPARED_WITH))


def _looks(counts: Counter[str]) -> MarkLooks:
    matched = {version: count for version, count in counts.items() if version != _NONE}
    return MarkLooks(matched, counts[_NONE])
