"""Searches, hits, stored profiles, saved searches and tombstones."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, at_most, one_of
from worker.rules.model import SearchEnd
from worker.rules.texts.bounds import MAX_LINE, MAX_PROFILE_BYTES


class Search(Base):
    """The cursor of a campaign's people search, and why it ended."""

    __tablename__ = "searches"
    __table_args__ = (
        CheckConstraint(one_of("ended", SearchEnd), "ended"),
        CheckConstraint("pages >= 0 and found >= 0 and dry >= 0", "counts"),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    terms: Mapped[list[list[str]]] = mapped_column(
        JSONB, comment="names and values of the site's own address"
    )
    pages: Mapped[int] = mapped_column(
        server_default=text("0"), comment="read and kept; the next is one more"
    )
    found: Mapped[int] = mapped_column(server_default=text("0"), comment="people kept for this campaign")
    dry: Mapped[int] = mapped_column(
        server_default=text("0"), comment="pages in a row that held nobody to be visited"
    )
    ended: Mapped[str | None] = mapped_column(comment="why no further page is read")


class Hit(Base):
    """A person found by a campaign's search, with the score by its criteria."""

    __tablename__ = "hits"
    __table_args__ = (
        CheckConstraint("score between 0 and 100", "score"),
        CheckConstraint("(score is null) = (reasons is null)", "says_why"),
        Index("ix_hits_contact_id", "contact_id"),
        Index("ix_hits_score", "campaign_id", text("score desc nulls last"), "contact_id"),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    page: Mapped[int] = mapped_column(comment="the page of the search that first showed them")
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    score: Mapped[int | None] = mapped_column(SmallInteger)
    reasons: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSONB, comment="points and why, in the order of the criteria; they add up to the score"
    )
    scored_at: Mapped[datetime | None]


class StoredProfile(Base):
    """The latest reading of a contact's profile, with the sections that were requested."""

    __tablename__ = "profiles"
    __table_args__ = (
        CheckConstraint(f"octet_length(profile::text) <= {MAX_PROFILE_BYTES}", "short_profile"),
        Index("ix_profiles_read_at", "read_at"),
    )

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(server_default=func.now())
    profile: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="a section that is missing was not read")


class SavedSearch(Base):
    """A search with its criteria under a name, for campaigns and schedules."""

    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str]
    terms: Mapped[list[list[str]]] = mapped_column(
        JSONB, comment="names and values of the site's own address"
    )
    criteria: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Tombstone(Base):
    """A hash of the address of a person who asked to be forgotten.

    A trigger on contacts skips every insert of a person who has one.
    """

    __tablename__ = "tombstones"
    __table_args__ = (*at_most(MAX_LINE, "lifted_by"),)

    fingerprint: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of the normalised profile address"
    )
    site: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lifted_at: Mapped[datetime | None] = mapped_column(comment="when the person agreed to be found again")
    lifted_by: Mapped[str | None]
