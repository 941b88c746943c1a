"""Say at once what would keep a campaign from being planned, before it is requested."""

from gettext import NullTranslations

from sqlalchemy.orm import Session

from api_stub.obstacles import find_idle_queues, find_reading_queue, may_workers_return
from db.store.people.accounts import AccountRecord
from db.store.reports import halts
from tasks.contract import AnyCampaignRequest
from worker.errors import TryAgainError
from worker.rules.halts import Halt, HaltCause
from worker.rules.wording.reasons import describe_reason
from worker.servers.redis_address import RedisAddress


def find_obstacle(
    session: Session,
    account: AccountRecord,
    request: AnyCampaignRequest,
    address: RedisAddress,
    texts: NullTranslations,
) -> str | None:
    """Return what keeps workers from planning the campaign now, and what to do; None if nothing does."""
    if find_reading_queue(request) is not None:
        halted = halts.list_halts(session, account)
        if halted:
            return describe_halt(halted[0], texts)
    try:
        idle = find_idle_queues(address, request)
    except TryAgainError:
        return texts.gettext("Redis doesn't answer, so no worker would hear of it. Try again in a moment.")
    if idle and not may_workers_return(address):
        return texts.gettext(
            "No worker takes messages of %(queues)s. Start the workers; Operations says which are there."
        ) % {"queues": ", ".join(idle)}
    return None


def describe_halt(halt: Halt, texts: NullTranslations) -> str:
    """Return what stops an account."""
    if halt.cause is HaltCause.KILL_SWITCH:
        return texts.gettext("Everything is stopped: nothing is read or sent until a person resumes it.")
    if halt.cause is HaltCause.ACCOUNT_PAUSED:
        return texts.gettext("The account is paused: nothing is read or sent until a person resumes it.")
    if halt.cause is HaltCause.NOT_SIGNED_IN:
        return texts.gettext("The account has not signed in yet.")
    reason = texts.gettext(describe_reason(halt.reason)) if halt.reason else ""
    return texts.gettext("The account is stopped: %(reason)s.") % {"reason": reason}
