"""Units that may have been used in the time that a restored backup has lost."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from worker.rules.ledger_gap import LedgerGap
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits
from worker.rules.quota.model import Charge
from worker.rules.quota.windows import Span, local_day


def assume_lost_units(
    gaps: Sequence[LedgerGap], known: Sequence[Charge], limits: Mapping[Kind, Limits], zone: ZoneInfo
) -> list[Charge]:
    """Return the charges that may be missing: no window is exceeded whatever happened in the lost time.

    More than the day's limit can't have happened on a day, nor more than fits into the time with the shortest
    gap in between. What is known by now, from messages that were seen, is not assumed a second time.
    """
    return [
        Charge(kind, f"lost:{kind}:{span.start.isoformat()}:{number}", span.end)
        for kind, of_kind in limits.items()
        for gap in gaps
        for day, span in _split_by_day(gap, zone)
        for number in range(_count_missing([c.at for c in known if c.kind is kind], day, span, of_kind))
    ]


def _split_by_day(gap: LedgerGap, zone: ZoneInfo) -> Iterator[tuple[Span, Span]]:
    """Yield each calendar day of the gap, and the part of the gap in it."""
    at = gap.since
    while at < gap.until:
        day = local_day(at, zone)
        end = min(day.end - timedelta(milliseconds=1), gap.until)  # a charge at midnight is the next day's
        yield day, Span(at, end)
        at = day.end


def _count_missing(known: Sequence[datetime], day: Span, span: Span, limits: Limits) -> int:
    by_time = limits.per_day
    if limits.gap_min:
        by_time = min(by_time, (span.end - span.start) // limits.gap_min + 1)
    in_span = sum(span.start <= at <= span.end for at in known)
    in_day = sum(day.start <= at < day.end for at in known)
    return max(0, min(by_time - in_span, limits.per_day - in_day))
