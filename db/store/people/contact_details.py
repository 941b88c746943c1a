"""Everything that is known of one person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.campaigns import search_hits
from db.store.people import profiles
from db.store.people.profiles import ProfileRecord
from db.tables import Account, Action, Campaign, Contact, Hit, Interaction
from worker.errors import Reason
from worker.rules.lifecycle import ENDED
from worker.rules.model import ActionState, CampaignKind, ContactStatus, Kind
from worker.rules.sourcing.scoring import ScoreReason


@dataclass(frozen=True, slots=True)
class Scored:
    """How well the person fits a campaign's criteria; `reasons` add up to the score."""

    campaign_id: UUID
    kind: CampaignKind
    page: int
    score: int | None
    reasons: Sequence[ScoreReason]
    scored_at: datetime | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened between the account and the person."""

    type: Kind
    status: str
    occasion: str
    message: str
    replied_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Coming:
    """One action that has not ended."""

    id: UUID
    kind: Kind
    occasion: str
    state: ActionState
    reason: Reason | None
    not_before: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """One contact of an account. `facts` is what lists and pages told of them, `read` their profile."""

    account: str
    profile_url: str
    name: str
    email: str | None
    language: str | None
    birthday: tuple[int | None, int, int] | None
    status: ContactStatus
    score: int | None
    do_not_contact: bool
    replied_at: datetime | None
    known_since: datetime
    facts: Mapping[str, Any]
    read: ProfileRecord | None
    scores: Sequence[Scored]
    happened: Sequence[Happened]
    coming: Sequence[Coming]


def everything(session: Session, contact_id: int) -> Person:
    """Return all that is known of a contact. Raises NoResultFound if there is none."""
    row, account = session.execute(
        select(Contact, Account.name)
        .join(Account, Account.id == Contact.account_id)
        .where(Contact.id == contact_id)
    ).one()
    born = (row.birth_year, row.birth_month, row.birth_day) if row.birth_month and row.birth_day else None
    return Person(
        account=account,
        profile_url=row.profile_url,
        name=row.full_name,
        email=row.email,
        language=row.language,
        birthday=born,
        status=ContactStatus(row.status),
        score=row.score,
        do_not_contact=row.do_not_contact,
        replied_at=row.replied_at,
        known_since=row.created_at,
        facts=row.profile,
        read=profiles.of(session, contact_id),
        scores=_scores(session, contact_id),
        happened=_happened(session, contact_id),
        coming=_coming(session, contact_id),
    )


def _scores(session: Session, contact_id: int) -> Sequence[Scored]:
    rows = session.execute(
        select(Hit, Campaign.kind)
        .join(Campaign, Campaign.id == Hit.campaign_id)
        .where(Hit.contact_id == contact_id)
        .order_by(Campaign.created_at.desc(), Campaign.id)
    )
    return [
        Scored(
            hit.campaign_id,
            CampaignKind(kind),
            hit.page,
            hit.score,
            search_hits.reasons_from_json(hit.reasons),
            hit.scored_at,
        )
        for hit, kind in rows
    ]


def _happened(session: Session, contact_id: int) -> Sequence[Happened]:
    rows = session.scalars(
        select(Interaction).where(Interaction.contact_id == contact_id).order_by(Interaction.id.desc())
    )
    return [
        Happened(Kind(row.type), row.status, row.occasion, row.message, row.replied_at, row.created_at)
        for row in rows
    ]


def _coming(session: Session, contact_id: int) -> Sequence[Coming]:
    rows = session.scalars(
        select(Action)
        .where(Action.contact_id == contact_id, Action.state.not_in(ENDED))
        .order_by(Action.not_before, Action.id)
    )
    return [
        Coming(
            id=row.id,
            kind=Kind(row.kind),
            occasion=row.occasion,
            state=ActionState(row.state),
            reason=Reason(row.reason) if row.reason else None,
            not_before=row.not_before,
        )
        for row in rows
    ]
