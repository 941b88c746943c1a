"""Rescoring: scores all hits of a campaign by new criteria, from stored data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import collate, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, search_hits
from db.store.people import profiles
from db.tables import Campaign, Contact, Hit
from worker.rules.sourcing.criteria import Criteria, needed_sections
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.scoring import score

BLOCK: Final = 500
"""Profiles in memory at a time."""


@dataclass(frozen=True, slots=True)
class RescoreReport:
    """Result of rescoring. `unread` counts, for each needed section, opened profiles that lack it."""

    people: int
    not_opened: int
    unread: Mapping[Section, int]


def rescore_hits(session: Session, campaign_id: UUID, criteria: Criteria, today: date) -> RescoreReport:
    """Set the campaign's criteria and score all its hits by them, from stored data only.

    A worker that reads a profile meanwhile waits for this transaction, then scores it by the new criteria.
    The campaign must exist.
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
            search_hits.save_score(session, campaign_id, contact_id, score(criteria, profile, today))
    return RescoreReport(len(contact_ids), not_opened, dict(sorted(unread.items())))


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
    return {row.id: search_hits.to_card(row.profile_url, row.full_name, row.profile) for row in rows}
