"""Replies: lease an inbox for reading, and mark answered greetings.

A worker that reads an inbox holds a lease on it, and meanwhile the dispatcher starts no action of the
account. A worker that dies loses nothing: `inbox_read_at` moves in the transaction that marks the replies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.people import site_checks
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Account, Action, Contact, Interaction, KillSwitch
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.messages.replies import INBOX_READ_INTERVAL, REPLY_WINDOW, LatestGreeting, Reply
from worker.rules.model import AccountStatus, ActionState, Kind
from worker.rules.quota.windows import opening
from worker.rules.sites.capabilities import Capability


@dataclass(frozen=True, slots=True)
class InboxLease:
    """A leased inbox, to be read from `since`. `read_to` is the end of the last reading.

    `lease_until` identifies the lease.
    """

    account: AccountRecord
    since: datetime
    read_to: datetime | None
    greeted: Sequence[LatestGreeting]
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """An automatic answer to a greeting, received at `at`; `until` is the return date that it names."""

    greeted: LatestGreeting
    at: datetime
    until: date | None


@dataclass(frozen=True, slots=True)
class _Inbox:
    now: datetime
    read_to: datetime | None
    gates: Mapping[str, bool]

    def closed(self) -> str | None:
        return next((words for words, closed in self.gates.items() if closed), None)


def explain_closed_inbox(session: Session, account: AccountRecord) -> str | None:
    """Return in words why this inbox must not be opened now, or None."""
    return _inbox(session, account).closed()


def take_inbox(
    session: Session, account: AccountRecord, *, lease: timedelta, overlap: timedelta
) -> InboxLease | str:
    """Lease the inbox, or return in words why it can't be. Commit before opening it.

    Reading begins `overlap` before the end of the last reading, because a site may show a message late.
    """
    # The dispatcher locks the same row: the second of the two sees what the first has committed.
    session.execute(select(Account.id).where(Account.id == account.id).with_for_update(key_share=True))
    inbox = _inbox(session, account)
    if (why := inbox.closed()) is not None:
        return why
    greeted = _greeted(session, account.id)
    bounds = [inbox.now - REPLY_WINDOW, min(each.greeted_at for each in greeted)]
    if inbox.read_to is not None:
        bounds.append(inbox.read_to - overlap)
    until = inbox.now + lease
    stamped = update(Account).where(Account.id == account.id)
    session.execute(stamped.values(inbox_asked_at=inbox.now, inbox_lease_until=until))
    return InboxLease(account, max(bounds), inbox.read_to, greeted, until)


def record_replies(
    session: Session,
    reading: InboxLease,
    replies: Sequence[Reply],
    read_to: datetime | None,
    *,
    absences: Sequence[Absence] = (),
) -> int:
    """Mark the answered greetings and how far the inbox was read; return how many are newly answered.

    A greeting is marked once; repeating is safe. `absences` are recorded apart. Nothing is stored about a
    person who was forgotten since the inbox was opened: forgetting locks the same row of the account.
    """
    session.execute(
        select(Account.id).where(Account.id == reading.account.id).with_for_update(key_share=True)
    )
    greetings = [reply.greeted for reply in replies] + [absence.greeted for absence in absences]
    contact_ids = [greeted.contact_id for greeted in greetings]
    forgotten = set(
        session.scalars(
            select(Contact.id).where(Contact.id.in_(contact_ids), Contact.forgotten_at.is_not(None))
        )
    )
    _record_absences(session, [each for each in absences if each.greeted.contact_id not in forgotten])
    marked = 0
    for reply in sorted(replies, key=lambda reply: reply.greeted.contact_id):
        if reply.greeted.contact_id in forgotten:
            continue
        unmarked = and_(Interaction.id == reply.greeted.interaction_id, Interaction.replied_at.is_(None))
        marked += len(
            session.execute(
                update(Interaction)
                .where(unmarked)
                .values(replied_at=reply.at, reply=reply.text)
                .returning(Interaction.id)
            ).all()
        )
        session.execute(
            update(Contact)
            .where(Contact.id == reply.greeted.contact_id)
            .values(replied_at=func.greatest(Contact.replied_at, reply.at))
        )
    session.execute(
        update(Account)
        .where(Account.id == reading.account.id)
        .values(inbox_read_at=func.greatest(Account.inbox_read_at, read_to))
    )
    return marked


def _record_absences(session: Session, absences: Sequence[Absence]) -> None:
    for absence in sorted(absences, key=lambda absence: absence.greeted.contact_id):
        session.execute(
            update(Interaction)
            .where(Interaction.id == absence.greeted.interaction_id)
            .values(automatic_at=func.greatest(Interaction.automatic_at, absence.at))
        )
        if absence.until is not None:
            session.execute(
                update(Contact)
                .where(Contact.id == absence.greeted.contact_id)
                .values(away_until=absence.until)
            )


def release_inbox(session: Session, reading: InboxLease) -> None:
    """Release the lease, unless another worker has it now; the account's actions can then continue."""
    session.execute(
        update(Account)
        .where(Account.id == reading.account.id, Account.inbox_lease_until == reading.lease_until)
        .values(inbox_lease_until=None)
    )


def _inbox(session: Session, account: AccountRecord) -> _Inbox:
    in_flight = or_(
        Action.state.in_(IN_FLIGHT),
        and_(Action.state == ActionState.UNCERTAIN, Action.lease_until.is_not(None)),
    )
    greeted = and_(Interaction.type == Kind.GREET, Interaction.action_id.is_not(None))
    now, killed, row, busy, has_greeted = session.execute(
        select(
            func.now(),
            select(KillSwitch.id).exists(),
            Account,
            select(Action.id).where(Action.account_id == account.id, in_flight).exists(),
            select(Interaction.id)
            .where(
                Interaction.account_id == account.id,
                greeted,
                Interaction.created_at > func.now() - REPLY_WINDOW,
            )
            .exists(),
        )
        .where(Account.id == account.id)
        .execution_options(populate_existing=True)
    ).one()
    hours = limits.load_context(session, account.id, Kind.GREET, "").context.limits.hours
    gates = {
        "the kill switch is on": killed,
        f"the account is {row.status}": row.status != AccountStatus.ACTIVE,
        "the account isn't signed in": row.session is None,
        "nobody was greeted in the last 30 days": not has_greeted,
        "it was opened less than an hour ago": _is_after(row.inbox_asked_at, now - INBOX_READ_INTERVAL),
        "its page had changed (`rapport selectors check` says what)": site_checks.has_drifted(
            session, account.id, account.site, Capability.INBOX
        ),
        "another worker reads it": _is_after(row.inbox_lease_until, now),
        "an action of the account is under way": busy,
        "it is outside the working hours": opening(now, hours, account.zone).start > now,
    }
    return _Inbox(now, row.inbox_read_at, gates)


def _is_after(instant: datetime | None, bound: datetime) -> bool:
    return instant is not None and instant > bound


def _greeted(session: Session, account_id: int) -> list[LatestGreeting]:
    rows = session.execute(load_query("greeted_lately"), {"account_id": account_id, "window": REPLY_WINDOW})
    return [LatestGreeting(*row) for row in rows]
