"""What is older than its account keeps it: found, and erased block by block."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from typing import cast as typing_cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Delete,
    Select,
    Update,
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

from db.queries import load
from db.store.imports import runs
from db.store.privacy import personal_columns
from db.store.privacy.redaction import NOBODY_LEFT
from db.tables import Action, Campaign, Contact, Hit, Interaction, StoredProfile
from worker.rules.lifecycle import ENDED
from worker.rules.model import CampaignState

BLOCK: Final = 300
"""Rows that one transaction erases: some tens of milliseconds, so that nobody waits for long."""


@dataclass(frozen=True, slots=True)
class Stale:
    """What an account keeps longer than it says, counted; `before` is the instant that it is older than."""

    before: datetime
    people: Sequence[int]
    profiles: int
    scores: int
    campaigns: int


def look(session: Session, account_id: int, keep: timedelta) -> Stale:
    """Return what is to be erased. `people` are contacts, in the order of their ids."""
    before = session.scalars(select(func.now() - keep)).one()
    people = [row.id for row in _stale_people(session, account_id, before)]
    return Stale(
        before=before,
        people=people,
        profiles=_counted(session, _old_profiles(account_id, before, besides=people)),
        scores=_counted(session, _old_scores(account_id, before)),
        campaigns=_counted(session, select(Campaign.id).where(*_telling(account_id, before))),
    )


def erase_people(
    session: Session, account_id: int, ids: Sequence[int], before: datetime
) -> Sequence[str] | None:
    """Erase those of these people whom nothing holds at this moment; return their addresses.

    Who was written to or visited stays as an empty contact, for the quota and the audit; the others go. None
    while an import is under way, which may know them.
    """
    if runs.under_way(session, account_id):
        return None
    held = select(Contact.id).where(Contact.id.in_(ids)).order_by(Contact.id)
    locked = session.scalars(held.with_for_update(skip_locked=True)).all()
    # Locked first, and then looked at by a statement of its own: what was planned meanwhile is seen.
    stale = _stale_people(session, account_id, before, among=locked)
    stale_ids = [row.id for row in stale]
    history = or_(
        exists().where(Action.contact_id == Contact.id), exists().where(Interaction.contact_id == Contact.id)
    )
    stubs = session.scalars(select(Contact.id).where(Contact.id.in_(stale_ids), history)).all()
    personal_columns.erase(session, stubs)
    session.execute(delete(Contact).where(Contact.id.in_(set(stale_ids) - set(stubs))))
    return [row.profile_url for row in stale]


def erase_profiles(session: Session, account_id: int, before: datetime) -> int:
    """Delete a block of the profiles that nobody has read since; return how many, 0 when none is left."""
    block = _old_profiles(account_id, before).limit(BLOCK).with_for_update(skip_locked=True, of=StoredProfile)
    return _rows(session, delete(StoredProfile).where(StoredProfile.contact_id.in_(block)))


def erase_scores(session: Session, account_id: int, before: datetime) -> int:
    """Take the scores out of a block of old hits: their reasons quote profiles. Return how many."""
    block = _old_scores(account_id, before).limit(BLOCK).with_for_update(skip_locked=True, of=Hit)
    cleared = update(Hit).where(tuple_(Hit.campaign_id, Hit.contact_id).in_(block))
    return _rows(session, cleared.values(score=null(), reasons=null(), scored_at=null()))


def erase_lists(session: Session, account_id: int, before: datetime) -> int:
    """Empty the previews and lists of addresses of old campaigns that are over; return how many had one."""
    empty = cast([], JSONB)
    nobody = Campaign.options.op("||")(cast({"profiles": NOBODY_LEFT}, JSONB))
    telling = update(Campaign).where(*_telling(account_id, before))
    return _rows(
        session,
        telling.values(
            preview=case((_lists(Campaign.preview), empty), else_=Campaign.preview),
            options=case((_lists(Campaign.options["profiles"]), nobody), else_=Campaign.options),
        ),
    )


def _stale_people(
    session: Session, account_id: int, before: datetime, *, among: Sequence[int] | None = None
) -> Sequence[Any]:
    values = {"account_id": account_id, "before": before, "among": None if among is None else list(among)}
    return session.execute(load("stale_people"), values).all()


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


def _telling(account_id: int, before: datetime) -> Sequence[ColumnElement[bool]]:
    """Say which old campaigns that are over still list people."""
    profiles = Campaign.options["profiles"]
    return (
        Campaign.account_id == account_id,
        Campaign.created_at < before,
        Campaign.state != CampaignState.READING,
        ~exists().where(Action.campaign_id == Campaign.id, Action.state.not_in(ENDED)),
        or_(_lists(Campaign.preview), and_(_lists(profiles), profiles != cast(NOBODY_LEFT, JSONB))),
    )


def _lists(value: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return whether a JSON value is a list with something in it; it may be null in both ways."""
    length = case((func.jsonb_typeof(value) == "array", func.jsonb_array_length(value)), else_=0)
    return func.coalesce(length, 0) > 0


def _counted(session: Session, rows: Select[*tuple[Any, ...]]) -> int:
    return session.scalars(select(func.count()).select_from(rows.subquery())).one()


def _rows(session: Session, statement: Update | Delete) -> int:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return typing_cast("CursorResult[Any]", done).rowcount
