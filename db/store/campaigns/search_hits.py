"""Hits: the people that a campaign's search found, their scores, and the ranking by score."""

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
"""Rows in memory at a time: profiles while rescoring, lines of a ranking."""

_REASONS = TypeAdapter(tuple[ScoreReason, ...])


@dataclass(frozen=True, slots=True)
class HitLine:
    """One line of a ranking. `score` is None without criteria, or before the person was scored.

    `is_read`: the profile was opened; if not, all values are from the search page.
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
    """Progress of a campaign: its search, the number of profiles `read`, and of visits `waiting`."""

    search: SearchRecord | None
    read: int
    waiting: int


@dataclass(frozen=True, slots=True)
class RescoreReport:
    """Result of rescoring. `unread` counts, for each needed section, opened profiles that lack it."""

    people: int
    not_opened: int
    unread: Mapping[Section, int]


def save_score(session: Session, campaign_id: UUID, contact_id: int, found: Score) -> None:
    """Save a person's score in the campaign and as the contact's latest score.

    A score without reasons is stored as none: the campaign has no criteria. Does nothing if the person is
    not a hit of the campaign.
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
    """Return reasons as JSON, for the table and for API responses."""
    told: list[dict[str, Any]] = _REASONS.dump_python(tuple(reasons), mode="json")
    return told


def load_reasons(told: Sequence[Mapping[str, Any]] | None) -> tuple[ScoreReason, ...]:
    """Parse stored reasons; empty where there is no score."""
    return _REASONS.validate_python(told or ())


def list_campaigns_of_contact(session: Session, contact_id: int) -> Sequence[CampaignRecord]:
    """Return the campaigns that found this person, the latest scoring last."""
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
    """Return a keyset page of the campaign's ranking: the lines behind `after`.

    Ordered by score, best first, then contact id. People without a score come last; `min_score` excludes
    them.
    """
    lines: list[HitLine] = []
    of_campaign = _LINES.where(Hit.campaign_id == campaign_id)
    if after is None or after.score is not None:
        scored = of_campaign.where(Hit.score.is_not(None))
        if min_score is not None:
            scored = scored.where(Hit.score >= min_score)
        if after is not None:
            # The first condition can use the index; the second skips lines with the same score.
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
    """Yield the campaign's whole ranking, BLOCK lines in memory at a time."""
    lines = list_hits(session, campaign_id, limit=BLOCK, min_score=min_score)
    while lines:
        yield from lines
        lines = list_hits(session, campaign_id, limit=BLOCK, after=lines[-1], min_score=min_score)


def get_visit_progress(session: Session, campaign_id: UUID) -> VisitProgress:
    """Return the progress of the campaign's search and visits."""
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
    """Set the campaign's criteria and score all its hits by them, from stored data only.

    A profile that a worker reads meanwhile waits for this transaction, then gets its score by the new
    criteria. The campaign must exist.
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
    """Lock all hits' contacts, in the order in which storing a search page locks them (no deadlock)."""
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
    """Build a Profile from contacts.profile, for a person whose profile was not opened."""
    degree = told.get("degree")
    return Profile(
        profile_url,
        full_name,
        headline=str(told.get("headline") or ""),
        location=str(told.get("location") or ""),
        degree=degree if isinstance(degree, int) else None,
        open_to_work=told.get("open_to_work") is True,
    )
