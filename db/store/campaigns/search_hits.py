"""Hits: the people that a campaign's search found, their scores, and the ranking by score."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, func, null, select, update
from sqlalchemy.orm import Session

from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.tables import Contact, Hit, StoredProfile
from worker.rules.sourcing.profile import Profile
from worker.rules.sourcing.scoring import Score, ScoreReason

BLOCK: Final = 500
"""Lines of a ranking in memory at a time."""

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


class RankingPlace(Protocol):
    """A place in a ranking."""

    @property
    def score(self) -> int | None:
        """The score at this place; None comes last."""

    @property
    def contact_id(self) -> int:
        """The person at this place."""


@dataclass(frozen=True, slots=True)
class RankingCursor:
    """A place in a ranking, as a cursor has it."""

    score: int | None
    contact_id: int


def save_score(session: Session, campaign_id: UUID, contact_id: int, found: Score) -> None:
    """Save a person's score in the campaign and as the contact's latest score.

    A score without reasons is stored as none: the campaign has no criteria. Does nothing if the person is
    not a hit of the campaign.
    """
    reasons = dump_reasons(found.reasons) or null()
    points = found.points if found.reasons else None
    updated = session.execute(
        update(Hit)
        .where(Hit.campaign_id == campaign_id, Hit.contact_id == contact_id)
        .values(score=points, reasons=reasons, scored_at=func.now())
        .returning(Hit.contact_id)
    )
    if updated.first() is not None:
        session.execute(update(Contact).where(Contact.id == contact_id).values(score=points))


def dump_reasons(reasons: Sequence[ScoreReason]) -> list[dict[str, Any]]:
    """Return reasons as JSON, for the table and for API responses."""
    stored: list[dict[str, Any]] = _REASONS.dump_python(tuple(reasons), mode="json")
    return stored


def load_reasons(stored: Sequence[Mapping[str, Any]] | None) -> tuple[ScoreReason, ...]:
    """Parse stored reasons; empty where there is no score."""
    return _REASONS.validate_python(stored or ())


def list_campaigns_of_contact(session: Session, contact_id: int) -> Sequence[CampaignRecord]:
    """Return the campaigns that found this person, the latest scoring last."""
    found_by = select(Hit.campaign_id).where(Hit.contact_id == contact_id)
    ids = session.scalars(found_by.order_by(Hit.scored_at.nulls_first(), Hit.campaign_id))
    return campaigns.list_campaigns(session, ids.all())


def list_hits(
    session: Session,
    campaign_id: UUID,
    *,
    limit: int,
    after: RankingPlace | None = None,
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
        card = to_card(row.profile_url, row.full_name, row.profile)
        yield HitLine(
            row.id, card.full_name, card.profile_url, card.headline, card.location, card.degree,
            card.open_to_work, row.is_read, row.score, load_reasons(row.reasons),
        )  # fmt: skip


def to_card(profile_url: str, full_name: str, stored: Mapping[str, Any]) -> Profile:
    """Build a Profile from contacts.profile, for a person whose profile was not opened."""
    degree = stored.get("degree")
    return Profile(
        profile_url,
        full_name,
        headline=str(stored.get("headline") or ""),
        location=str(stored.get("location") or ""),
        degree=degree if isinstance(degree, int) else None,
        open_to_work=stored.get("open_to_work") is True,
    )
