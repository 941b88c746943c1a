"""The message that was sent under supervision and that a person has to look at."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.actions.site_gate import find_unseen_send, wake_waiting
from db.store.people import addresses, site_checks
from db.store.people.accounts import AccountRecord
from db.tables import Action, Contact, Interaction
from worker.rules.model import ActionState
from worker.rules.people.identity import PersonKeys
from worker.rules.sites.capabilities import SENDING

REJECTED = "a person saw something else than what was sent"
"""The mark of a verdict that a person has set."""


@dataclass(frozen=True, slots=True)
class UnseenSend:
    """A message that was sent, or may have been. `text` is the one that was proven, else the planned one."""

    action_id: UUID
    state: ActionState
    full_name: str
    keys: PersonKeys
    text: str


def get_unseen_send(session: Session, account_id: int) -> UnseenSend | None:
    """Return the message of the account that a person has to look at, or None."""
    action_id = find_unseen_send(session, account_id)
    if action_id is None:
        return None
    action, contact, proven = session.execute(
        select(Action, Contact, Interaction.message)
        .join(Contact, Contact.id == Action.contact_id)
        .outerjoin(Interaction, Interaction.action_id == Action.id)
        .where(Action.id == action_id)
    ).one()
    return UnseenSend(
        action.id,
        ActionState(action.state),
        contact.full_name,
        addresses.keys_of(contact),
        proven if proven is not None else action.message,
    )


def accept_send(session: Session, account: AccountRecord, action_id: UUID) -> bool:
    """Record that a person confirmed the message, and let the next ones go out unsupervised.

    Returns False, and changes nothing, if this is no longer the message to look at.
    """
    if find_unseen_send(session, account.id) != action_id:
        return False
    today = get_database_time(session).astimezone(account.zone).date()
    site_checks.confirm_seen_live(session, account.id, today)
    wake_waiting(session, account.id)
    return True


def pass_over_send(session: Session, account: AccountRecord, action_id: UUID) -> bool:
    """Skip the look at this message and ask for one at the next. Returns as `accept_send` does."""
    if find_unseen_send(session, account.id) != action_id:
        return False
    site_checks.supervise_again(session, account.id)
    wake_waiting(session, account.id)
    return True


def reject_send(session: Session, account: AccountRecord, action_id: UUID) -> bool:
    """Record that a person rejected the message: nothing is sent before another check.

    Returns as `accept_send` does.
    """
    if find_unseen_send(session, account.id) != action_id:
        return False
    now = get_database_time(session)
    site_checks.mark_drift(session, account.id, SENDING, mark=REJECTED, at=now)
    site_checks.supervise_again(session, account.id)
    return True
