"""Interactions: the ledger of what happened, read in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Account, Contact, Interaction
from worker.rules.model import Kind


@dataclass(frozen=True, slots=True)
class InteractionRecord:
    """One thing that happened. `message` is the text proven in the thread."""

    id: int
    account: str
    contact: str
    profile_url: str
    action_id: UUID | None
    type: Kind
    status: str
    occasion: str
    message: str
    screenshot: str | None
    correlation_id: str
    created_at: datetime


def page(
    session: Session, *, limit: int, before: int | None = None, account: str | None = None
) -> Sequence[InteractionRecord]:
    """Return interactions with an id below `before`, newest first. Keyset: page N costs as page 1."""
    statement = (
        select(Interaction, Account.name, Contact.full_name, Contact.profile_url)
        .join(Account, Account.id == Interaction.account_id)
        .join(Contact, Contact.id == Interaction.contact_id)
        .order_by(Interaction.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(Interaction.id < before)
    if account is not None:
        owner = select(Account.id).where(Account.name == account).scalar_subquery()
        statement = statement.where(Interaction.account_id == owner)
    return [
        InteractionRecord(
            id=row.id,
            account=name,
            contact=full_name,
            profile_url=profile_url,
            action_id=row.action_id,
            type=Kind(row.type),
            status=row.status,
            occasion=row.occasion,
            message=row.message,
            screenshot=row.screenshot,
            correlation_id=row.correlation_id,
            created_at=row.created_at,
        )
        for row, name, full_name, profile_url in session.execute(statement)
    ]
