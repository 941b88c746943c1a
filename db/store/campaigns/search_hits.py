"""Hits: whom a campaign's search found, how well they fit its criteria, and the ranking of that."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, collate, func, literal, null, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, searches
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.searches import SearchRecord
from db.store.people import profiles
from db.tables import Action, Campaign, Contact, Hit, StoredProfile
from worker.rules.lifecycle import END_STATES
from worker.rules.model import Kind
from worker.rules.sourcing.criteria import Criteria, needed_sections
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.scoring import Score, ScoreReason, score

BLOCK: Final = 500
"""Profiles in memory at a time while people are scored anew."""

_REASONS = TypeAdapter(tuple[ScoreReason, ...])


@dataclass(frozen=True, slots=True)
class HitLine:
    """One person found, as a ranking shows them. No score: there were no criteria, or not yet.

    `is_read`: the profile was opened; else all is from what the search itself showed.
    """

    contact_id: int
    full_name: str
    profile_url: str
    headline: str
    location: str
    degree: int | None
    open_to_work: bool
    is_read: bool
    score: int | None
    reasons: tuple[ScoreReason, ...]


@dataclass(frozen=True, slots=True)
class VisitProgress:
    """How far a campaign is: its search, and of whom it found, whose profile was `read`, or is `waiting`."""

    search: SearchRecord | None
    read: int
    waiting: int


@dataclass(frozen=True, slots=True)
class RescoreReport:
    """What scoring anew came to. `unread`: whose profile was opened, but not in that section."""

    people: int
    not_opened: int
    unread: Mapping[Section, int]


def save_score(session: Session, campaign_id: UUID, contact_id: int, found: Score) -> None:
    """Keep how well somebody fits the campaign, and as the contact's newest score.

    Without reasons nothing was asked for, and there is no score. Nothing for whom the campaign never found.
    """
    reasons = dump_reasons(found.reasons) or null()
    points = found.points if found.reasons else None
    kept = session.execute(
        update(Hit)
        .where(Hit.campaign_id == campaign_id, Hit.contact_id == contact_id)
        .values(score=points, reasons=reasons, scored_at=func.now())
        .returning(Hit.contact_id)
    )
    if kept.first() is not None:
        session.execute(update(Contact).where(Contact.id == contact_id).values(score=points))


def dump_reasons(reasons: Sequence[ScoreReason]) -> list[dict[str, Any]]:
    """Return reasons as they are stored, and as programs read them."""
    told: list[dict[str, Any]] = _REASONS.dump_python(tuple(reasons), mode="json")
    return told


def load_reasons(told: Sequence[Mapping[str, Any]] | None) -> tuple[ScoreReason, ...]:
    """Return reasons as they were stored; none where there was no score."""
    return _REASONS.validate_python(told or ())


def list_campaigns_of_contact(session: Session, contact_id: int) -> Sequence[CampaignRecord]:
    """Return the campaigns that found this person, the one that scored them last at the end."""
    found_by = select(Hit.campaign_id).where(Hit.contact_id == contact_id)
    ids = session.scalars(found_by.order_by(Hit.scored_at.nulls_first(), Hit.campaign_id))
    return [found for campaign_id in ids.all() if (found := campaigns.find_campaign(session, campaign_id))]


def list_hits(
    session: Session,
    campaign_id: UUID,
    *,
    limit: int,
    after: HitLine | None = None,
    min_score: int | None = None,
) -> Sequence[HitLine]:
    """Return the people who come after `after` in the campaign's ranking.

    The best score first, those without one last and not with `min_score`; equals in the order in which they
    were first known.
    """
    lines: list[HitLine] = []
    of_campaign = _LINES.where(Hit.campaign_id == campaign_id)
    if after is None or after.score is not None:
        scored = of_campaign.where(Hit.score.is_not(None))
        if min_score is not None:
            scored = scored.where(Hit.score >= min_score)
        if after is not None:
            # The first condition finds the place in the index, the second passes over its equals.
            scored = scored.where(Hit.score <= after.score)
            scored = scored.where((Hit.score < after.score) | (Hit.contact_id > after.contact_id))
        lines += _read_lines(session, scored.order_by(*_RANKING).limit(limit))
    if min_score is None and len(lines) < limit:
        unscored = of_campaign.where(Hit.score.is_(None))
        if after is not None and after.score is None:
            unscored = unscored.where(Hit.contact_id > after.contact_id)
        lines += _read_lines(session, unscored.order_by(*_RANKING).limit(limit - len(lines)))
    return lines


def iter_ranking(session: Session, campaign_id: UUID, *, min_score: int | None = None) -> Iterator[HitLine]:
    """Give everybody in the campaign's ranking, a block in memory at a time."""
    lines = list_hits(session, campaign_id, limit=BLOCK, min_score=min_score)
    while lines:
        yield from lines
        lines = list_hits(session, campaign_id, limit=BLOCK, after=lines[-1], min_score=min_score)


def get_visit_progress(session: Session, campaign_id: UUID) -> VisitProgress:
    """Return how far the campaign is."""
    opened = (
        select(func.count())
        .select_from(Hit)
        .join(StoredProfile, StoredProfile.contact_id == Hit.contact_id)
        .where(Hit.campaign_id == campaign_id)
    )
    waiting = select(func.count()).where(
        Action.campaign_id == campaign_id, Action.kind == Kind.VISIT, Action.state.not_in(END_STATES)
    )
    return VisitProgress(
        search=searches.find_search(session, campaign_id),
        read=session.scalars(opened).one(),
        waiting=session.scalars(waiting).one(),
    )


def rescore_hits(session: Session, campaign_id: UUID, criteria: Criteria, today: date) -> RescoreReport:
    """Score everybody whom the campaign found by other criteria, which are the campaign's from now on.

    From what is stored; nothing is opened. Who is read meanwhile waits for this transaction and is scored by
    the new criteria then. The campaign must be there.
    """
    campaigns.find_campaign(session, campaign_id, lock=True)
    contact_ids = _lock_contacts(session, campaign_id)
    snapshot = literal({"criteria": criteria.model_dump(mode="json")}, JSONB)
    session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id)
        .values(options=Campaign.options.op("||")(snapshot))
        .execution_options(synchronize_session=False)
    )
    needed, unread, not_opened = needed_sections(criteria), Counter[Section](), 0
    for begin in range(0, len(contact_ids), BLOCK):
        block = contact_ids[begin : begin + BLOCK]
        stored = {record.contact_id: record.profile for record in profiles.list_profiles(session, block)}
        unread.update(
            section
            for profile in stored.values()
            for section in needed - profiles.list_read_sections(profile)
        )
        not_opened += len(block) - len(stored)
        known = _list_cards(session, [one for one in block if one not in stored]) | stored
        for contact_id, profile in known.items():
            save_score(session, campaign_id, contact_id, score(criteria, profile, today))
    return RescoreReport(len(contact_ids), not_opened, dict(sorted(unread.items())))


_LINES = (
    select(
        Hit.score, Hit.reasons, Contact.id, Contact.profile_url, Contact.full_name, Contact.profile,
        StoredProfile.contact_id.is_not(None).label("is_read"),
    )
    .join(Contact, Contact.id == Hit.contact_id)
    .outerjoin(StoredProfile, StoredProfile.contact_id == Hit.contact_id)
)  # fmt: skip
_RANKING = (Hit.score.desc().nulls_last(), Hit.contact_id)


def _read_lines(session: Session, narrowed: Select[*tuple[Any, ...]]) -> Iterator[HitLine]:
    for row in session.execute(narrowed):
        card = _to_card(row.profile_url, row.full_name, row.profile)
        yield HitLine(
            row.id, card.full_name, card.profile_url, card.headline, card.location, card.degree,
            card.open_to_work, row.is_read, row.score, load_reasons(row.reasons),
        )  # fmt: skip


def _lock_contacts(session: Session, campaign_id: UUID) -> Sequence[int]:
    """Hold all whom the campaign found until the transaction ends, in the order in which pages hold them."""
    return session.scalars(
        select(Contact.id)
        .join(Hit, Hit.contact_id == Contact.id)
        .where(Hit.campaign_id == campaign_id)
        .order_by(collate(Contact.profile_url, "C"))
        .with_for_update(of=Contact, key_share=True)
    ).all()


def _list_cards(session: Session, contact_ids: Sequence[int]) -> dict[int, Profile]:
    rows = session.execute(
        select(Contact.id, Contact.profile_url, Contact.full_name, Contact.profile).where(
            Contact.id.in_(contact_ids)
        )
    )
    return {row.id: _to_card(row.profile_url, row.full_name, row.profile) for row in rows}


def _to_card(profile_url: str, full_name: str, told: Mapping[str, Any]) -> Profile:
    """Return what is known of somebody without their profile: what the search showed of them."""
    degree = told.get("degree")
    return Profile(
        profile_url,
        full_name,
        headline=str(told.get("headline") or ""),
        location=str(told.get("location") or ""),
        degree=degree if isinstance(degree, int) else None,
        open_to_work=told.get("open_to_work") is True,
    )
