"""Remove an account: erase all that it knows of people, and keep what prevents a second greeting.

What remains is an empty row with its quota and its audit trail, and exclusions by hash: whom it greeted for
which occasion, and whom it must not contact. They apply again if the account is added again.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, cast, delete, exists, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from db.engine import unlimited_time
from db.queries import load_query
from db.store.actions import endings
from db.store.actions.events import lock_audit_head
from db.store.people import import_lock
from db.store.people.accounts import AccountRecord, removed_name
from db.store.privacy import personal_columns
from db.store.privacy.redaction import ONLY_FORGOTTEN
from db.tables import (
    Account,
    Action,
    ApprovalLink,
    Campaign,
    Contact,
    DailySummary,
    Import,
    Interaction,
    MessageTemplate,
    NoticeTarget,
    OutboxEvent,
    SavedSearch,
    Schedule,
    Search,
    SiteCheck,
    Subscription,
)
from worker.errors import Reason, RequestRefusedError
from worker.rules.lifecycle import END_STATES
from worker.rules.model import AccountStatus, CampaignState, Kind

_BLOCK: Final = 5_000
"""Contacts erased by one statement."""


_Owned = (
    Contact | Campaign | Action | Interaction | Schedule | SavedSearch | MessageTemplate | Import
    | Subscription
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountData:
    """Counts of what an account has. `open_actions` have not ended; `sent` are messages that were sent."""

    contacts: int
    campaigns: int
    actions: int
    open_actions: int
    interactions: int
    sent: int
    schedules: int
    saved_searches: int
    templates: int
    imports: int
    subscriptions: int
    signed_in: bool


def count_account_data(session: Session, account: AccountRecord) -> AccountData:
    """Count what goes if the account is removed."""

    def count(table: type[_Owned], *conditions: ColumnElement[bool]) -> int:
        found = select(func.count()).select_from(table).where(table.account_id == account.id, *conditions)
        return session.scalars(found).one()

    return AccountData(
        contacts=count(Contact, Contact.forgotten_at.is_(None)),
        campaigns=count(Campaign),
        actions=count(Action),
        open_actions=count(Action, Action.state.not_in(END_STATES)),
        interactions=count(Interaction),
        sent=count(Interaction, Interaction.type == Kind.GREET),
        schedules=count(Schedule),
        saved_searches=count(SavedSearch),
        templates=count(MessageTemplate),
        imports=count(Import),
        subscriptions=count(Subscription),
        signed_in=account.session is not None,
    )


def remove_account(session: Session, account: AccountRecord) -> None:
    """Remove a paused account. Needs a transaction of its own.

    Raises RequestRefusedError, and changes nothing, while a worker, a planner or an import works for it, or
    if it wrote to somebody today whom another account of its site could then write to as well.
    """
    with unlimited_time(session):  # the statements take longer for more people
        _remove(session, account)


def _remove(session: Session, account: AccountRecord) -> None:
    _lock(session, account)
    if endings.end_for_removal(session, account.id) is None:
        raise RequestRefusedError(
            "a worker is performing an action of the account right now; it is paused: try again in a minute"
        )
    values = {"account_id": account.id}
    session.execute(load_query("hash_exclusions"), values)
    session.execute(load_query("remember_greeted"), values)
    _delete_own_rows(session, account.id)
    _erase_contacts(session, account.id)
    session.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(
            name=removed_name(account.name, account.site), removed_at=func.now(), session=None,
            session_proven_at=None, session_expires_at=None,
            keep_days=None, status=AccountStatus.PAUSED, stop_reason=Reason.ACCOUNT_PAUSED,
        )
    )  # fmt: skip


def _lock(session: Session, account: AccountRecord) -> None:
    if not import_lock.try_lock_for_import(session, account.id):
        raise RequestRefusedError("an import into the account is running; try again when it has finished")
    row = session.scalars(select(Account).where(Account.id == account.id).with_for_update()).one()
    lock_audit_head(session, account.id)
    reading = select(Campaign.id).where(
        Campaign.account_id == account.id, Campaign.state == CampaignState.READING
    )
    if session.scalar(reading.limit(1)) is not None:
        raise RequestRefusedError(
            "a campaign of the account is still reading its site: cancel it (`rapport campaign cancel ID`), "
            "then try again"
        )
    now = session.scalars(select(func.now())).one()
    if row.inbox_lease_until is not None and row.inbox_lease_until > now:
        raise RequestRefusedError("a worker is reading the account's inbox; try again in a few minutes")
    if _wrote_today_beside_others(session, account):
        raise RequestRefusedError(
            f"account {account.name} wrote to somebody today, and another account of {account.site} must not "
            "write to the same person on the same day: remove it tomorrow"
        )


def _wrote_today_beside_others(session: Session, account: AccountRecord) -> bool:
    midnight = func.timezone(
        account.zone.key, func.date_trunc("day", func.timezone(account.zone.key, func.now()))
    )
    others = exists().where(
        Account.site == account.site, Account.id != account.id, Account.removed_at.is_(None)
    )
    wrote = exists().where(
        Interaction.account_id == account.id,
        Interaction.type == Kind.GREET,
        Interaction.created_at >= midnight,
    )
    acted = exists().where(
        Action.account_id == account.id, Action.kind == Kind.GREET, Action.acting_since >= midnight
    )
    return bool(session.scalar(select(others & or_(wrote, acted))))


def _delete_own_rows(session: Session, account_id: int) -> None:
    """Delete what only the account used, and empty what its ledger still refers to."""
    session.execute(
        update(Interaction)
        .where(Interaction.account_id == account_id, Interaction.import_id.is_not(None))
        .values(import_id=None)
    )
    for table in (
        Schedule, SavedSearch, MessageTemplate, Import, Subscription, DailySummary, SiteCheck, NoticeTarget,
        OutboxEvent, ApprovalLink,
    ):  # fmt: skip
        session.execute(delete(table).where(table.account_id == account_id))
    own = select(Campaign.id).where(Campaign.account_id == account_id)
    session.execute(delete(Search).where(Search.campaign_id.in_(own)))
    session.execute(
        delete(Campaign).where(
            Campaign.account_id == account_id, ~exists().where(Action.campaign_id == Campaign.id)
        )
    )
    session.execute(
        update(Campaign)
        .where(Campaign.account_id == account_id, Campaign.options["profiles"] != cast([], JSONB))
        .values(options=Campaign.options.op("||")(cast({"profiles": ONLY_FORGOTTEN}, JSONB)))
    )
    session.execute(
        update(Campaign).where(Campaign.account_id == account_id).values(preview=null(), detail=None)
    )
    session.execute(
        update(Campaign)
        .where(
            Campaign.account_id == account_id,
            Campaign.state.in_([CampaignState.PLANNED, CampaignState.PAUSED]),
        )
        .values(state=CampaignState.CANCELLED, reason=Reason.CAMPAIGN_CANCELLED)
    )


def _erase_contacts(session: Session, account_id: int) -> None:
    """Erase the contacts that actions or interactions refer to, and delete the others."""
    session.execute(
        delete(Contact).where(
            Contact.account_id == account_id,
            ~exists().where(Action.contact_id == Contact.id),
            ~exists().where(Interaction.contact_id == Contact.id),
        )
    )
    left = select(Contact.id).where(Contact.account_id == account_id, Contact.forgotten_at.is_(None))
    ids = session.scalars(left.order_by(Contact.id)).all()
    for start in range(0, len(ids), _BLOCK):
        personal_columns.erase_contacts(session, ids[start : start + _BLOCK])
