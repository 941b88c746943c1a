"""The counts of a day or a campaign in words: (what, text) for each line."""

from collections.abc import Iterator, Mapping

from worker.errors import Reason
from worker.rules.reports.summary import EndedCounts, OpenCounts
from worker.rules.wording.counts import format_count
from worker.rules.wording.reasons import describe_reason_count


def list_event_lines(happened: EndedCounts) -> Iterator[tuple[str, str]]:
    """Yield what has happened: sent, read, left out and why, failed, replies."""
    yield "sent", f"{format_count(happened.sent, 'greeting', 'greetings')}, {happened.late} of them late"
    if happened.visits or happened.pages:
        pages = format_count(happened.pages, "page of people found", "pages of people found")
        yield "read", f"{format_count(happened.visits, 'profile', 'profiles')}, {pages}"
    if happened.withdrawn:
        yield "withdrawn", format_count(happened.withdrawn, "invitation", "invitations")
    if happened.settled_by_hand:
        yield (
            "by hand",
            f"{format_count(happened.settled_by_hand, 'was', 'were')} seen in the thread by a person",
        )
    yield "left out", _format_by_reason(happened.skipped)
    yield "failed", _format_by_reason(happened.failed)
    yield "replies", str(happened.replies)


def list_open_lines(still: OpenCounts) -> Iterator[tuple[str, str]]:
    """Yield what has not ended yet, and what waits for a person."""
    yield "waiting", _format_by_reason(still.waiting)
    yield "due", f"{still.due}, and {still.under_way} in progress"
    if still.uncertain:
        yield "uncertain", f"{still.uncertain} may have been sent: a worker will check"
    if still.proposed:
        differ = describe_reason_count(Reason.NAME_DIFFERS, still.names_differ)
        of_these = f", of these {differ}" if still.names_differ else ""
        yield "proposed", f"{still.proposed} wait for your approval{of_these}"
    if still.needs_review:
        yield "to settle", f"{still.needs_review} wait for you: `rapport actions review`"


def _format_by_reason(reasons: Mapping[Reason, int]) -> str:
    texts = "; ".join(describe_reason_count(reason, count) for reason, count in reasons.items())
    if len(reasons) < 2:
        return texts or "none"
    return f"{sum(reasons.values())}: {texts}"
