"""All data about one contact, for `rapport contacts show`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.campaigns import search_hits
from db.store.people import profiles
from db.store.people.profiles import ProfileRecord
from db.tables import Account, Action, Campaign, Contact, Hit, Interaction
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, CampaignKind, ContactStatus, Kind
from worker.rules.sourcing.scoring import ScoreReason

_MOST_LEFT_OUT = 10


@dataclass(frozen=True, slots=True)
class CampaignScore:
    """The person's score in one campaign. The points of `reasons` add up to `score`."""

    campaign_id: UUID
    kind: CampaignKind
    page: int
    score: int | None
    reasons: Sequence[ScoreReason]
    scored_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastInteraction:
    """One recorded interaction between the account and the person."""

    type: Kind
    status: str
    occasion: str
    message: str
    replied_at: datetime | None
    automatic_at: datetime | None
    screenshot: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenAction:
    """One action that has not reached an end state."""

    id: UUID
    kind: Kind
    occasion: str
    state: ActionState
    reason: Reason | None
    detail: str | None
    not_before: datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One action that ended without an effect, and why."""

    id: UUID
    kind: Kind
    occasion: str
    state: ActionState
    reason: Reason | None
    detail: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """One contact of an account.

    `facts` is contacts.profile: what lists and search pages showed. `stored_profile` is the profile as last
    read. `by_hand` is contacts.by_hand: what a person set, who, and when. `hold_until` and `away_until` are
    None once they are past; `away_until` also if there is a hold until then. `left_out` are the latest
    actions that ended without an effect.
    """

    account: str
    profile_url: str
    name: str
    email: str | None
    language: str | None
    birthday: tuple[int | None, int, int] | None
    call_by: str | None
    by_hand: Mapping[str, Any]
    status: ContactStatus
    score: int | None
    do_not_contact: bool
    hold_until: date | None
    hold_reason: str | None
    hold_by: str | None
    away_until: date | None
    replied_at: datetime | None
    connected_on: date | None
    known_since: datetime
    facts: Mapping[str, Any]
    stored_profile: ProfileRecord | None
    scores: Sequence[CampaignScore]
    interactions: Sequence[PastInteraction]
    open_actions: Sequence[OpenAction]
    left_out: Sequence[LeftOut]


def get_contact_details(session: Session, contact_id: int) -> ContactDetails:
    """Return everything stored about a contact. Raises NoResultFound for an unknown id."""
    row, account, zone = session.execute(
        select(Contact, Account.name, Account.time_zone)
        .join(Account, Account.id == Contact.account_id)
        .where(Contact.id == contact_id)
    ).one()
    today = today_in(session, ZoneInfo(zone))
    held = row.hold_until if row.hold_until and row.hold_until > today else None
    away = row.away_until
    born = (row.birth_year, row.birth_month, row.birth_day) if row.birth_month and row.birth_day else None
    return ContactDetails(
        account=account,
        profile_url=row.profile_url,
        name=row.full_name,
        email=row.email,
        language=row.language,
        birthday=born,
        call_by=row.call_by,
        by_hand=row.by_hand or {},
        status=ContactStatus(row.status),
        score=row.score,
        do_not_contact=row.do_not_contact,
        hold_until=held,
        hold_reason=row.hold_reason if held else None,
        hold_by=row.hold_by if held else None,
        away_until=away if away and away > (held or today) else None,
        replied_at=row.replied_at,
        connected_on=row.connected_on,
        known_since=row.created_at,
        facts=row.profile,
        stored_profile=profiles.find_profile(session, contact_id),
        scores=_list_scores(session, contact_id),
        interactions=_list_interactions(session, contact_id),
        open_actions=_list_open_actions(session, contact_id),
        left_out=_list_left_out(session, contact_id),
    )


def _list_scores(session: Session, contact_id: int) -> Sequence[CampaignScore]:
    rows = session.execute(
        select(Hit, Campaign.kind)
        .join(Campaign, Campaign.id == Hit.campaign_id)
        .where(Hit.contact_id == contact_id)
        .order_by(Campaign.created_at.desc(), Campaign.id)
    )
    return [
        CampaignScore(
            hit.campaign_id,
            CampaignKind(kind),
            hit.page,
            hit.score,
            search_hits.load_reasons(hit.reasons),
            hit.scored_at,
        )
        for hit, kind in rows
    ]


def _list_interactions(session: Session, contact_id: int) -> Sequence[PastInteraction]:
    rows = session.scalars(
        select(Interaction).where(Interaction.contact_id == contact_id).order_by(Interaction.id.desc())
    )
    return [
        PastInteraction(
            Kind(row.type), row.status, row.occasion, row.message, row.replied_at, row.automatic_at,
            row.screenshot, row.created_at,
        )
        for row in rows
    ]  # fmt: skip


def _list_open_actions(session: Session, contact_id: int) -> Sequence[OpenAction]:
    rows = session.scalars(
        select(Action)
        .where(Action.contact_id == contact_id, Action.state.not_in(END_STATES))
        .order_by(Action.not_before, Action.id)
    )
    return [
        OpenAction(
            id=row.id,
            kind=Kind(row.kind),
            occasion=row.occasion,
            state=ActionState(row.state),
            reason=Reason(row.reason) if row.reason else None,
            detail=row.detail,
            not_before=row.not_before,
        )
        for row in rows
    ]


def _list_left_out(session: Session, contact_id: int) -> Sequence[LeftOut]:
    rows = session.scalars(
        select(Action)
        .where(Action.contact_id == contact_id, Action.state.in_((ActionState.SKIPPED, ActionState.FAILED)))
        .order_by(Action.updated_at.desc(), Action.id)
        .limit(_MOST_LEFT_OUT)
    )
    return [
        LeftOut(
            id=row.id,
            kind=Kind(row.kind),
            occasion=row.occasion,
            state=ActionState(row.state),
            reason=Reason(row.reason) if row.reason else None,
            detail=row.detail,
            at=row.updated_at,
        )
        for row in rows
    ]
