"""Interactions, the ledger of what happened: lists of them, and messages that the owner wrote by hand."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.actions.claims import Claim
from db.store.places import is_older, narrow
from db.store.quota import epochs
from db.tables import Account, Action, Contact, Interaction
from worker.rules.messages.template_uses import SentText
from worker.rules.model import Kind, ThreadMessage
from worker.rules.occasions import checked_occasion
from worker.rules.quota.gates import WEEK


@dataclass(frozen=True, slots=True)
class InteractionRecord:
    """One interaction. `message` is the text that was proven in the thread.

    `reply` is the person's answer, if the campaign stores replies.
    """

    id: int
    account: str
    contact_id: int
    contact: str
    profile_url: str
    action_id: UUID | None
    type: Kind
    status: str
    occasion: str
    message: str
    replied_at: datetime | None
    reply: str | None
    automatic_at: datetime | None
    screenshot: str | None
    correlation_id: str
    created_at: datetime


_INTERACTIONS = (
    select(Interaction, Account.name, Contact.full_name, Contact.profile_url)
    .join(Account, Account.id == Interaction.account_id)
    .join(Contact, Contact.id == Interaction.contact_id)
    .where(Account.removed_at.is_(None))
)


def list_interactions(
    session: Session, *, limit: int, before: int | None = None, account: str | None = None
) -> Sequence[InteractionRecord]:
    """Return up to `limit` interactions with an id below `before`, the last recorded first (keyset pages)."""
    statement = _INTERACTIONS.order_by(Interaction.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Interaction.id < before)
    if account is not None:
        owner = select(Account.id).where(Account.name == account).scalar_subquery()
        statement = statement.where(Interaction.account_id == owner)
    return _read_records(session, statement)


def list_history(
    session: Session,
    *,
    limit: int,
    before: tuple[datetime, int] | None = None,
    account: str | None = None,
    kind: Kind | None = None,
    contact: int | None = None,
    campaign: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[InteractionRecord]:
    """Return a keyset page of interactions behind (time, id) `before`, newest first.

    Unlike `list_interactions` it is ordered by the time at which each happened, also of those that were
    imported. `until` is exclusive.
    """
    statement = _INTERACTIONS.where(*narrow(Interaction, account=account, since=since, until=until))
    if before is not None:
        statement = statement.where(is_older(Interaction.created_at, Interaction.id, *before))
    if kind is not None:
        statement = statement.where(Interaction.type == kind)
    if contact is not None:
        statement = statement.where(Interaction.contact_id == contact)
    if campaign is not None:
        of_campaign = select(Action.id).where(Action.campaign_id == campaign)
        statement = statement.where(Interaction.action_id.in_(of_campaign))
    newest = (Interaction.created_at.desc(), Interaction.id.desc())
    return _read_records(session, statement.order_by(*newest).limit(limit))


def _read_records(
    session: Session, statement: Select[Interaction, str, str, str]
) -> Sequence[InteractionRecord]:
    return [
        InteractionRecord(
            id=row.id,
            account=name,
            contact_id=row.contact_id,
            contact=full_name,
            profile_url=profile_url,
            action_id=row.action_id,
            type=Kind(row.type),
            status=row.status,
            occasion=row.occasion,
            message=row.message,
            replied_at=row.replied_at,
            reply=row.reply,
            automatic_at=row.automatic_at,
            screenshot=row.screenshot,
            correlation_id=row.correlation_id,
            created_at=row.created_at,
        )
        for row, name, full_name, profile_url in session.execute(statement)
    ]


def list_recent_greetings(session: Session, account_id: int, *, limit: int) -> Sequence[SentText]:
    """Return the latest greetings of the account that were proven with their text, newest first.

    Reads at most `limit` interactions, so that few come where there was much else.
    """
    latest = (
        select(Interaction.type, Interaction.message, Interaction.created_at)
        .where(Interaction.account_id == account_id)
        .order_by(Interaction.id.desc())
        .limit(limit)
    )
    rows = session.execute(latest)
    return [SentText(row.message, row.created_at) for row in rows if row.type == Kind.GREET and row.message]


def list_greetings_to(session: Session, contact_id: int, *, since: datetime) -> Sequence[str]:
    """Return the texts of the greetings to this contact since then, the oldest first."""
    return list_greetings_to_each(session, [contact_id], since=since)[contact_id]


def list_greetings_to_each(
    session: Session, contact_ids: Collection[int], *, since: datetime
) -> Mapping[int, Sequence[str]]:
    """Return the texts of the greetings to each of these contacts since then, the oldest first."""
    rows = session.execute(
        select(Interaction.contact_id, Interaction.message)
        .where(
            Interaction.contact_id.in_(contact_ids),
            Interaction.type == Kind.GREET,
            Interaction.created_at >= since,
            Interaction.message != "",
        )
        .order_by(Interaction.id)
    )
    found: dict[int, list[str]] = {contact_id: [] for contact_id in contact_ids}
    for contact_id, message in rows:
        found[contact_id].append(message)
    return found


def list_our_texts_to(session: Session, contact_id: int) -> Sequence[str]:
    """Return every text that we sent, may have sent, or plan to send to this contact."""
    planned = select(Action.message).where(Action.contact_id == contact_id)
    recorded = select(Interaction.message).where(
        Interaction.contact_id == contact_id, Interaction.status != "seen"
    )
    return session.scalars(planned.union(recorded)).all()


def record_message_by_hand(
    session: Session, claim: Claim, message: ThreadMessage, *, for_occasion: bool
) -> None:
    """Record a message that the owner wrote by hand, once. From now on it counts in the quota's windows.

    `for_occasion`: it was written for the claim's occasion, which then counts as greeted. Raises ValueError
    for a message without a time.
    """
    if message.at is None:
        raise ValueError("a message without a time can't be identified")
    digest = hashlib.sha256(message.text.encode()).hexdigest()[:16]
    inserted = session.execute(
        insert(Interaction)
        .values(
            account_id=claim.account_id,
            contact_id=claim.contact_id,
            source_key=f"seen:{claim.contact_id}:{message.at.date()}:{digest}",
            type=Kind.GREET,
            status="seen",
            occasion=claim.occasion if for_occasion else f"by_hand:{message.at.date()}",
            message=message.text,
            correlation_id=claim.correlation_id,
            created_at=message.at,
        )
        .on_conflict_do_nothing()
        .returning(Interaction.created_at > func.now() - WEEK)
    )
    if inserted.scalar():
        epochs.reset_breakers(session, claim.account_id, ())


def record_checked_profile(session: Session, account_id: int, contact_id: int, on: date) -> None:
    """Record that a check of the site's pages opened this profile: it counts as a visit in the windows."""
    session.execute(
        insert(Interaction).values(
            account_id=account_id,
            contact_id=contact_id,
            source_key=f"check:{uuid4()}",
            type=Kind.VISIT,
            status="visited",
            occasion=checked_occasion(on),
            message="",
            correlation_id="check",
        )
    )
    epochs.reset_breakers(session, account_id, ())  # the counters are rebuilt from the ledger
