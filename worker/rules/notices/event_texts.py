"""The text of one event of each kind: what happened, why, and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from worker.errors import Reason
from worker.rules.halts import Halt, HaltCause, advise
from worker.rules.model import Kind
from worker.rules.notices.kinds import NoticeKind
from worker.rules.notices.payload import Payload
from worker.rules.sites.mark_trends import Trend, describe_trend
from worker.rules.upkeep import UpkeepJob
from worker.rules.wording.counts import format_count


@dataclass(frozen=True, slots=True)
class EventText:
    """`title` says what happened in a line, `why` explains it, `todo` says what to do about it."""

    title: str
    why: str
    todo: str


def _account_stopped(event: Payload) -> EventText:
    detail = event.line("detail")
    return EventText(
        f"Account {event.account} is stopped: {event.because}",
        f"Met while {_name_work(event)}{f': {detail}' if detail else ''}. Nothing is read or sent for this "
        "account until a person has looked: Rapport never tries to get round such a page.",
        _sentence(_advise(event)),
    )


def _session_refused(event: Payload) -> EventText:
    return EventText(
        f"Account {event.account} has to sign in: {event.line('detail', 'the site asks to sign in again')}",
        f"Met while {_name_work(event)}. The account is stopped, and what is planned waits.",
        _sentence(_advise_sign_in(event)),
    )


def _session_expiring(event: Payload) -> EventText:
    when = event.time("expires_at")
    verb = "has expired" if event.flag("expired") else "expires soon"
    return EventText(
        f"The sign-in of account {event.account} {verb}: {when}",
        "After that the site asks to sign in again, and the account stops.",
        _sentence(_advise_sign_in(event)),
    )


def _needs_review(event: Payload) -> EventText:
    return EventText(
        f"An action of account {event.account} needs your decision",
        f"It may have been sent: {event.because}. It is never repeated on a guess "
        f"(action {event.line('action', '?')}).",
        "Look on the site, then say what is there: `rapport actions review` lists what waits, "
        "`rapport actions settle ID done|again|skip` settles one.",
    )


def _approval_waiting(event: Payload) -> EventText:
    count = max(event.number("count"), 1)
    what = format_count(count, "greeting", "greetings")
    waits = "waits" if count == 1 else "wait"
    differs = event.reason is Reason.NAME_DIFFERS
    return EventText(
        f"{what} of account {event.account} {waits} for your approval",
        "The site shows another name than the text has, so it was not sent." if differs else "",
        f"Read and decide: `rapport review --account {event.account}`.",
    )


def _campaign_ended(event: Payload) -> EventText:
    name = f"{event.line('campaign_kind', 'a').capitalize()} campaign of account {event.account}"
    todo = f"Who was left out and why: `rapport campaign show {event.line('campaign', 'ID')}`."
    if event.line("outcome") == "failed":
        detail = event.line("detail")
        why = f"Nothing was planned{f': {detail}' if detail else ''}."
        return EventText(f"{name} failed: {event.because}", why, todo)
    did = [
        format_count(event.number(field), one, several)
        for field, one, several in _RESULTS
        if event.number(field)
    ]
    return EventText(f"{name} ended: {', '.join(did) or 'nothing was to be done'}", "", todo)


def _upkeep_late(event: Payload) -> EventText:
    done = f"last done {event.time('last_ok_at')}" if event.line("last_ok_at") else "never done"
    failures = event.number("failures")
    failed = (
        f", {format_count(failures, 'failure', 'failures')} since: {event.line('error')}" if failures else ""
    )
    return EventText(
        f"Upkeep is late: {event.line('job', '?')}, {done}",
        _sentence(_UPKEEP.get(event.line("job"), "a periodic job does not run") + failed),
        "See what is wrong: `rapport doctor`.",
    )


def _quota_disagreement(event: Payload) -> EventText:
    return EventText(
        f"The quota's counters of account {event.account} were wrong, and were rebuilt",
        "Redis and the record in Postgres differed. Nothing was sent that the limits forbid: the stricter "
        "number counts.",
        "Once is nothing to worry about. If it happens again, something else writes to this "
        "Redis; check with `rapport doctor`.",
    )


def _nobody_consumes(event: Payload) -> EventText:
    queues = ", ".join(event.lines("queues"))
    if event.line("state") == "over":
        return EventText("Workers take messages again", "What waited meanwhile is done now.", "")
    if event.line("state") == "redis_away":
        return EventText(
            "Redis does not answer: nothing is started",
            "Messages to workers go through it. What is planned waits, and nothing is lost.",
            "See what is wrong: `rapport doctor`.",
        )
    return EventText(
        f"No worker takes messages of: {queues or '?'}",
        "What is planned waits, and nothing is lost.",
        "See what is wrong: `rapport doctor`. Workers of another machine: look at their logs there.",
    )


def _site_changed(event: Payload) -> EventText:
    trend = event.line("trend")
    happened = describe_trend(Trend(trend)) if trend in set(Trend) else "is found less than before"
    return EventText(
        f"A page of {event.line('site', '?')} may have changed: {event.line('mark', '?')} {happened}",
        "Rapport still finds its way, or it would have stopped the account; soon it may not.",
        "See what changed: `rapport selectors check ACCOUNT`.",
    )


def _digest(event: Payload) -> EventText:
    return _name_day(event, "morning")


def _summary(event: Payload) -> EventText:
    return _name_day(event, "evening")


def _name_day(event: Payload, part: str) -> EventText:
    """Say which digest it is; its text is made when it is sent."""
    todo = f"`rapport summary {event.account}` shows the day."
    return EventText(f"{event.account}: the {part} of {event.line('on', '?')}", "", todo)


def _test(_event: Payload) -> EventText:
    return EventText(
        "Test: notices of Rapport arrive here",
        "Nothing has happened. `rapport notify test` sent this.",
        "If you didn't ask for it, see where notices go: `rapport notify list`.",
    )


def _name_work(event: Payload) -> str:
    return _WORK.get(event.line("kind"), "reading a page")


def _advise(event: Payload) -> str:
    halt = Halt(HaltCause.ACCOUNT_STOPPED, event.reason or Reason.ACCOUNT_STOPPED)
    return advise(event.account, halt, sign_in=_advise_sign_in(event))


def _advise_sign_in(event: Payload) -> str:
    return f"sign in: `rapport account sign-in {event.account}`"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


_WORK: Final[Mapping[str, str]] = {
    Kind.GREET: "greeting somebody or reading messages",
    Kind.VISIT: "opening a profile",
    Kind.COLLECT: "reading a search",
    Kind.WITHDRAW: "withdrawing an invitation",
}

_RESULTS: Final = (
    ("sent", "greeting sent", "greetings sent"),
    ("visits", "profile opened", "profiles opened"),
    ("pages", "page of people read", "pages of people read"),
    ("withdrawn", "invitation withdrawn", "invitations withdrawn"),
    ("left_out", "left out", "left out"),
    ("failed", "failed", "failed"),
)

_UPKEEP: Final[Mapping[str, str]] = {
    UpkeepJob.EXPIRY: "greetings whose last day has passed are not dropped",
    UpkeepJob.REPLIES: "inboxes are not read, so answers are not seen",
    UpkeepJob.SUMMARIES: "the summaries of past days are not saved",
    UpkeepJob.QUOTA: "the quota's counters are not compared with the record",
    UpkeepJob.RETENTION: "old profiles are not erased when their time is over",
    UpkeepJob.EVIDENCE: "old screenshots are not deleted",
    UpkeepJob.BACKUP: "no backup is made as planned",
}

TEXTS: Final[Mapping[NoticeKind, Callable[[Payload], EventText]]] = {
    NoticeKind.ACCOUNT_STOPPED: _account_stopped,
    NoticeKind.NEEDS_REVIEW: _needs_review,
    NoticeKind.APPROVAL_WAITING: _approval_waiting,
    NoticeKind.CAMPAIGN_ENDED: _campaign_ended,
    NoticeKind.SESSION_EXPIRING: _session_expiring,
    NoticeKind.SESSION_REFUSED: _session_refused,
    NoticeKind.UPKEEP_LATE: _upkeep_late,
    NoticeKind.QUOTA_DISAGREEMENT: _quota_disagreement,
    NoticeKind.NOBODY_CONSUMES: _nobody_consumes,
    NoticeKind.SITE_CHANGED: _site_changed,
    NoticeKind.MORNING_DIGEST: _digest,
    NoticeKind.EVENING_SUMMARY: _summary,
    NoticeKind.TEST: _test,
}
