"""Read an account's inbox and mark the greetings that were answered.

Every reply counts, and no automatic answer. The text of a reply is read and stored only if the campaign has
keep_replies. Nothing is sent.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from db.imports.days.return_dates import find_return_date
from db.store.actions import replies
from db.store.actions.replies import Absence, InboxLease
from db.store.people import accounts
from tasks.actions.conversation.thread import normalise_keys, open_thread
from tasks.campaigns.creation import require_account
from tasks.services import Services
from tasks.stopping import stop_account
from worker import clock, logs, metrics
from worker.browser.site import Site
from worker.errors import (
    NeverError,
    RapportError,
    StopAccountError,
    TryAgainError,
)
from worker.rules.messages.replies import (
    MAX_CONVERSATIONS_OPENED,
    AutomaticAnswer,
    InboxSignal,
    LatestGreeting,
    Reply,
    classify_inbox_line,
    find_automatic,
    find_greeted,
    find_reply,
    may_open_line,
    needs_text,
    replies_known_until,
)
from worker.rules.model import InboxLine, Kind, ThreadMessage
from worker.rules.sites.capabilities import Capability

log = logs.get_logger(__name__)


def list_readable_inboxes(services: Services) -> list[str]:
    """Return the names of the accounts whose inbox may be opened now."""
    with services.database.transaction() as session:
        everyone = accounts.list_accounts(session)
        return [
            account.name for account in everyone if replies.explain_closed_inbox(session, account) is None
        ]


def read_replies(services: Services, account: str) -> int:
    """Read the account's inbox and mark the answered greetings; return how many are newly answered.

    Raises RequestRefusedError for an account that doesn't exist. After a transient failure the inbox is read
    an hour later; a page that asks for a person stops the account.
    """
    with services.database.transaction() as session:
        reading = replies.take_inbox(
            session,
            require_account(session, account),
            lease=services.settings.action_time_limit,
            overlap=services.settings.settle_time,
        )
    if isinstance(reading, str):
        log.info("inbox_not_opened", account=account, because=reading)
        return 0
    try:
        return _read_inbox(services, reading)
    except TryAgainError as error:
        metrics.ERRORS.labels(error.reason, "read_replies").inc()
        log.warning("inbox_not_read", account=account, reason=error.reason, text=str(error))
    except StopAccountError as error:
        _log_and_stop(services, reading, error)
    finally:
        with services.database.transaction() as session:
            replies.release_inbox(session, reading)
    return 0


def _read_inbox(services: Services, reading: InboxLease) -> int:
    account = reading.account
    # The task is killed at its time limit and loses its findings, so conversations get half of that time.
    until_s = clock.monotonic_seconds() + services.settings.action_time_limit.total_seconds() / 2
    site = services.site_of(account)
    with services.time_request(account.site, "inbox"):
        lines = site.inbox(reading.since)
    found = _find_replies(services, site, reading, lines, until_s=until_s)
    away = [
        Absence(
            answer.greeted,
            answer.at,
            find_return_date(answer.text, answer.at.astimezone(account.zone).date()),
        )
        for answer in found.automatic
    ]
    with services.database.transaction() as session:
        known_until = replies_known_until(lines, found.left)
        marked = replies.record_replies(session, reading, found.replies, known_until, absences=away)
    metrics.REPLIES.inc(marked)
    log.info(
        "inbox_read", account=account.name, conversations=len(lines), replies=marked,
        automatic=len(away), left=len(found.left),
    )  # fmt: skip
    return marked


@dataclass(slots=True)
class _Findings:
    """What the inbox tells, and the conversations that are left for the next reading."""

    replies: list[Reply] = field(default_factory=list)
    automatic: list[AutomaticAnswer] = field(default_factory=list)
    left: list[InboxLine] = field(default_factory=list)


def _find_replies(
    services: Services, site: Site, reading: InboxLease, lines: Sequence[InboxLine], *, until_s: float
) -> _Findings:
    by_address = {
        address: each for each in reading.greeted for address in normalise_keys(site, each.keys).addresses
    }
    found = _Findings()
    opened = 0
    for line in sorted(lines, key=lambda line: line.at):
        greeted = find_greeted(line, by_address, reading.greeted)
        signal = classify_inbox_line(line, greeted, reading.read_to) if greeted else InboxSignal.NOTHING
        if greeted is None or signal is InboxSignal.NOTHING:
            continue
        if signal is InboxSignal.REPLIED and not needs_text(greeted):
            found.replies.append(Reply(greeted, line.at))
            continue
        if signal is InboxSignal.AUTOMATIC:
            found.automatic.append(AutomaticAnswer(greeted, line.at, line.preview))
            continue
        if not may_open_line(line, greeted):
            continue
        if opened == MAX_CONVERSATIONS_OPENED or clock.monotonic_seconds() > until_s:
            found.left.append(line)
            continue
        opened += 1
        try:
            messages = _read_conversation(services, site, reading, greeted)
        except TryAgainError as error:
            log.warning("conversation_not_read", reason=error.reason, text=str(error))
            found.left.append(line)
            continue
        reply, automatic = find_reply(messages, greeted), find_automatic(messages, greeted)
        if automatic is not None:
            found.automatic.append(automatic)
        is_reply = signal in {InboxSignal.REPLIED, InboxSignal.UNSURE} and automatic is None
        if reply is not None or is_reply:
            found.replies.append(reply or Reply(greeted, line.at))
    return found


def _read_conversation(
    services: Services, site: Site, reading: InboxLease, greeted: LatestGreeting
) -> Sequence[ThreadMessage]:
    """Open the conversation and return its messages; none if it can't be opened any more."""
    try:
        thread = open_thread(services, site, reading.account.site, greeted.keys)
        messages = thread.messages()
    except NeverError as error:
        log.warning("conversation_not_read", reason=error.reason, text=str(error))
        return ()
    with suppress(RapportError):  # the reply counts, even if a dialog stays open
        thread.close()
    return messages


def _log_and_stop(services: Services, reading: InboxLease, error: StopAccountError) -> None:
    metrics.ERRORS.labels(error.reason, "read_replies").inc()
    log.error("account_stopped", account=reading.account.name, reason=error.reason, text=str(error))
    with services.database.transaction() as session:
        stop_account(session, reading.account.id, Kind.GREET, error, used={Capability.INBOX})
