"""Retention: find data older than the account's keep_days, and erase it block by block."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.engine import execute_counted
from db.queries import load_query
from db.store.people import addresses as contact_addresses
from db.store.people import import_lock
from db.store.privacy import personal_columns
from db.store.privacy.redaction import ONLY_FORGOTTEN
from db.tables import Action, Campaign, Contact, Hit, Interaction, StoredProfile
from worker.rules.lifecycle import END_STATES
from worker.rules.model import CampaignState

BLOCK: Final = 300
"""Rows erased in one transaction, which takes some tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class StaleData:
    """Data of an account that is older than the instant `before`: contact ids, and counts of other rows."""

    before: datetime
    people: Sequence[int]
    profiles: int
    scores: int
    campaigns: int


def find_stale_data(session: Session, account_id: int, keep: timedelta) -> StaleData:
    """Return the data to erase: everything older than `keep`."""
    before = session.scalars(select(func.now() - keep)).one()
    people = [row.id for row in _stale_people(session, account_id, before)]
    return StaleData(
        before=before,
        people=people,
        profiles=_count(session, _old_profiles(account_id, before, besides=people)),
        scores=_count(session, _old_scores(account_id, before)),
        campaigns=_count(session, select(Campaign.id).where(*_list_people(account_id, before))),
    )


def erase_people(
    session: Session, account_id: int, ids: Sequence[int], before: datetime
) -> Sequence[Collection[str]] | None:
    """Erase these people, except those no longer stale or locked; return the addresses of each.

    Contacts with actions or interactions become empty contacts, for the quota and the audit; others are
    deleted. Returns None, and does nothing, while an import is running, which may refer to them.
    """
    if import_lock.is_import_running(session, account_id):
        return None
    held = select(Contact.id).where(Contact.id.in_(ids)).order_by(Contact.id)
    locked = session.scalars(held.with_for_update(skip_locked=True)).all()
    # Check in a statement of its own after the lock, so that it sees actions planned meanwhile.
    stale = _stale_people(session, account_id, before, among=locked)
    stale_ids = [row.id for row in stale]
    history = or_(
        exists().where(Action.contact_id == Contact.id), exists().where(Interaction.contact_id == Contact.id)
    )
    stubs = session.scalars(select(Contact.id).where(Contact.id.in_(stale_ids), history)).all()
    addresses = [
        (
            row.profile_url,
            *filter(None, [row.member_url]),
            *contact_addresses.list_former_addresses(session, [row.id]),
        )
        for row in stale
    ]
    personal_columns.erase_contacts(session, stubs)
    session.execute(delete(Contact).where(Contact.id.in_(set(stale_ids) - set(stubs))))
    return addresses


def erase_profiles(session: Session, account_id: int, before: datetime) -> int:
    """Delete a block of profiles not read since `before`; return how many, 0 when none is left."""
    block = _old_profiles(account_id, before).limit(BLOCK).with_for_update(skip_locked=True, of=StoredProfile)
    # As a CTE it runs once, whatever the query plan; a second run would find another block.
    ids = select(block.cte("block"))
    return execute_counted(session, delete(StoredProfile).where(StoredProfile.contact_id.in_(ids)))


def erase_scores(session: Session, account_id: int, before: datetime) -> int:
    """Clear the scores of a block of old hits, whose reasons quote profiles; return how many."""
    block = _old_scores(account_id, before).limit(BLOCK).with_for_update(skip_locked=True, of=Hit)
    ids = select(block.cte("block"))
    cleared = update(Hit).where(tuple_(Hit.campaign_id, Hit.contact_id).in_(ids))
    return execute_counted(session, cleared.values(score=null(), reasons=null(), scored_at=null()))


def erase_lists(session: Session, account_id: int, before: datetime) -> int:
    """Empty the previews and profile lists of old, ended campaigns; return how many were changed."""
    empty = cast([], JSONB)
    without_people = Campaign.options.op("||")(cast({"profiles": ONLY_FORGOTTEN}, JSONB))
    listing = update(Campaign).where(*_list_people(account_id, before))
    return execute_counted(
        session,
        listing.values(
            preview=case((_is_nonempty_list(Campaign.preview), empty), else_=Campaign.preview),
            options=case(
                (_is_nonempty_list(Campaign.options["profiles"]), without_people), else_=Campaign.options
            ),
        ),
    )


def _stale_people(
    session: Session, account_id: int, before: datetime, *, among: Sequence[int] | None = None
) -> Sequence[Any]:
    values = {"account_id": account_id, "before": before, "among": None if among is None else list(among)}
    return session.execute(load_query("stale_people"), values).all()


def _old_profiles(account_id: int, before: datetime, *, besides: Sequence[int] = ()) -> Select[int]:
    return (
        select(StoredProfile.contact_id)
        .join(Contact, Contact.id == StoredProfile.contact_id)
        .where(
            Contact.account_id == account_id,
            StoredProfile.read_at < before,
            StoredProfile.contact_id.not_in(besides),
        )
    )


def _old_scores(account_id: int, before: datetime) -> Select[UUID, int]:
    return (
        select(Hit.campaign_id, Hit.contact_id)
        .join(Campaign, Campaign.id == Hit.campaign_id)
        .where(Campaign.account_id == account_id, Hit.scored_at < before)
    )


def _list_people(account_id: int, before: datetime) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for old, ended campaigns that still list people."""
    profiles = Campaign.options["profiles"]
    return (
        Campaign.account_id == account_id,
        Campaign.created_at < before,
        Campaign.state != CampaignState.READING,
        ~exists().where(Action.campaign_id == Campaign.id, Action.state.not_in(END_STATES)),
        or_(
            _is_nonempty_list(Campaign.preview),
            and_(_is_nonempty_list(profiles), profiles != cast(ONLY_FORGOTTEN, JSONB)),
        ),
    )


def _is_nonempty_list(value: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return the condition that a JSON value is a non-empty list; false for SQL null and JSON null."""
    length = case((func.jsonb_typeof(value) == "array", func.jsonb_array_length(value)), else_=0)
    return func.coalesce(length, 0) > 0


def _count(session: Session, rows: Select[*tuple[Any, ...]]) -> int:
    return session.scalars(select(func.count()).select_from(rows.subquery())).one()
