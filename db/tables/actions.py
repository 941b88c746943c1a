"""Campaigns, actions with their events, and the ledger of interactions."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, CutText, at_most, one_of
from worker.errors import Reason
from worker.rules.lifecycle import IN_FLIGHT, STATES_NEEDING_REASON, WAITING
from worker.rules.model import ActionState, CampaignKind, CampaignState, Kind
from worker.rules.texts.bounds import MAX_ERROR, MAX_LINE, MAX_NAME, MAX_TEXT


class Campaign(Base):
    """One run of a kind for an account, with a validated snapshot of its options."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(one_of("kind", CampaignKind), "kind"),
        CheckConstraint(one_of("state", CampaignState), "state"),
        CheckConstraint(one_of("reason", Reason), "reason"),
        CheckConstraint("state <> 'failed' or reason is not null", "failed_says_why"),
        *at_most(MAX_ERROR, "detail"),
        Index("ix_campaigns_reading", "nudged_at", postgresql_where=text("state = 'reading'")),
        Index("ix_campaigns_created_at", "created_at", "id"),
        Index("ix_campaigns_account_created_at", "account_id", "created_at", "id"),
        Index("ix_campaigns_kind_created_at", "kind", "created_at", "id"),
        Index(
            "ix_campaigns_stopped",
            "state",
            "created_at",
            "id",
            postgresql_where=text("state in ('cancelled', 'failed', 'paused')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None] = mapped_column(CutText(MAX_ERROR))
    preview: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB, comment="what a dry run would do")
    nudged_at: Mapped[datetime | None]
    correlation_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    planned_at: Mapped[datetime | None]


class CampaignRequest(Base):
    """What a campaign id was requested for, also before its campaign is inserted."""

    __tablename__ = "campaign_requests"

    campaign_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    fingerprint: Mapped[str] = mapped_column(comment="hash of kind and options")
    kind: Mapped[str | None]
    options: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="null once the campaign has started"
    )
    correlation_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Action(Base):
    """One planned effect on one contact. The unique key makes an occasion happen once."""

    __tablename__ = "actions"
    __table_args__ = (
        UniqueConstraint("account_id", "contact_id", "kind", "occasion", postgresql_nulls_not_distinct=True),
        CheckConstraint(one_of("kind", Kind), "kind"),
        CheckConstraint("(contact_id is null) = (kind = 'collect')", "on_whom"),
        CheckConstraint(one_of("state", ActionState), "state"),
        CheckConstraint(one_of("reason", Reason), "reason"),
        CheckConstraint(f"reason is not null or not {one_of('state', STATES_NEEDING_REASON)}", "says_why"),
        CheckConstraint("reason is not null or state <> 'planned' or not_before <= created_at", "waits_for"),
        CheckConstraint(
            "not needs_approval or approval is not null or state in ('proposed', 'skipped')", "approved"
        ),
        CheckConstraint(f"lease_until is not null or not {one_of('state', IN_FLIGHT)}", "leased"),
        *at_most(MAX_TEXT, "message"),
        *at_most(MAX_ERROR, "detail"),
        *at_most(MAX_NAME, "called"),
        *at_most(MAX_LINE, "approved_by"),
        Index(
            "uq_actions_one_in_flight",
            "account_id",
            unique=True,
            postgresql_where=text(one_of("state", IN_FLIGHT)),
        ),
        Index(
            "ix_actions_due",
            "account_id",
            "not_before",
            postgresql_where=text("state in ('planned', 'uncertain')"),
        ),
        Index(
            "ix_actions_expires_on",
            "expires_on",
            postgresql_where=text("state in ('planned', 'proposed')"),
        ),
        Index(
            "ix_actions_waiting",
            "state",
            "kind",
            postgresql_where=text(one_of("state", WAITING)),
        ),
        Index("ix_actions_contact_id", "contact_id"),
        Index(
            "ix_actions_visits",
            "account_id",
            "contact_id",
            "acting_since",
            postgresql_where=text("kind = 'visit'"),
        ),
        Index("ix_actions_lease", "lease_until", postgresql_where=text("lease_until is not null")),
        Index("ix_actions_campaign_id_state", "campaign_id", "state"),
        Index("ix_actions_created_at", "created_at", "id"),
        Index("ix_actions_account_created_at", "account_id", "created_at", "id"),
        Index("ix_actions_kind_created_at", "kind", "created_at", "id"),
        Index(
            "ix_actions_state_created_at",
            "state",
            "created_at",
            "id",
            postgresql_where=text("state in ('failed', 'planned', 'skipped')"),
        ),
        Index(
            "ix_actions_acting_since",
            "account_id",
            "acting_since",
            postgresql_where=text("acting_since is not null"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contacts.id", ondelete="CASCADE"), comment="null: a page of people found"
    )
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    kind: Mapped[str]
    occasion: Mapped[str]
    occasion_on: Mapped[date] = mapped_column(comment="the occasion's own date, such as the birthday")
    expires_on: Mapped[date | None] = mapped_column(comment="the last day on which it makes sense")
    message: Mapped[str] = mapped_column(comment="what is to be sent; the proven text is the interaction's")
    called: Mapped[str | None] = mapped_column(
        comment="what the message calls the person: '' without a name; null: not recorded"
    )
    worded_for: Mapped[date | None] = mapped_column(
        comment="the day of sending that the message is written for; null: any"
    )
    needs_approval: Mapped[bool] = mapped_column(server_default=text("false"))
    approval: Mapped[str | None] = mapped_column(comment="hash of the recipient and text that were approved")
    approved_by: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=ActionState.PLANNED)
    reason: Mapped[str | None]
    detail: Mapped[str | None] = mapped_column(
        CutText(MAX_ERROR), comment="for a person; never holds message text"
    )
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt: Mapped[int] = mapped_column(server_default=text("0"), comment="the fencing token")
    failures: Mapped[int] = mapped_column(server_default=text("0"), comment="passing faults so far")
    looks: Mapped[int] = mapped_column(server_default=text("0"), comment="looks that found nothing, in a row")
    acting_since: Mapped[datetime | None] = mapped_column(comment="the intent, committed before the click")
    acting_attempt: Mapped[int | None] = mapped_column(comment="whose reservation the intent used")
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    correlation_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ActionEvent(Base):
    """One transition of an action, written by a trigger, which refuses transitions that are not listed.

    The events of an account form a chain: each hash covers the row and the previous hash.
    """

    __tablename__ = "action_events"
    __table_args__ = (
        UniqueConstraint("account_id", "seq"),
        Index("ix_action_events_action_id", "action_id", "seq"),
        Index("ix_action_events_acting", "account_id", "at", postgresql_where=text("to_state = 'acting'")),
        Index(
            "ix_action_events_ended",
            "account_id",
            "at",
            postgresql_where=text("to_state in ('done', 'failed', 'skipped') and reason is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    seq: Mapped[int] = mapped_column(comment="1, 2, 3 ... for each account")
    action_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    at: Mapped[datetime]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    reason: Mapped[str | None]
    attempt: Mapped[int]
    actor: Mapped[str] = mapped_column(comment="who moved it: the connection's application_name")
    correlation_id: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHead(Base):
    """The last event of an account's chain, by which a truncated chain is detected."""

    __tablename__ = "audit_heads"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Interaction(Base):
    """What happened. Append-only: the ledger from which quota counters are rebuilt."""

    __tablename__ = "interactions"
    __table_args__ = (
        CheckConstraint(one_of("type", Kind), "type"),
        CheckConstraint("num_nonnulls(action_id, source_key) = 1", "origin"),
        *at_most(MAX_TEXT, "message", "reply"),
        UniqueConstraint("action_id"),
        UniqueConstraint("account_id", "source_key"),
        Index("ix_interactions_contact_type_status_occasion", "contact_id", "type", "status", "occasion"),
        Index("ix_interactions_created_at", "created_at", "id"),
        Index(
            "ix_interactions_visits",
            "account_id",
            "contact_id",
            "created_at",
            postgresql_where=text("type = 'visit'"),
        ),
        Index("ix_interactions_account_id", "account_id", "id"),
        Index("ix_interactions_account_created_at", "account_id", "created_at", "id"),
        Index("ix_interactions_type_created_at", "type", "created_at", "id"),
        Index("ix_interactions_import_id", "import_id", postgresql_where=text("import_id is not null")),
        Index(
            "ix_interactions_replied_at",
            "account_id",
            "replied_at",
            postgresql_where=text("replied_at is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    action_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"))
    source_key: Mapped[str | None] = mapped_column(comment="what makes one that is not ours happen once")
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    type: Mapped[str]
    status: Mapped[str] = mapped_column(
        comment="how it is known: sent and proven, found when looking, seen in the thread, imported"
    )
    occasion: Mapped[str]
    message: Mapped[str] = mapped_column(CutText(MAX_TEXT), comment="the text proven in the thread")
    replied_at: Mapped[datetime | None] = mapped_column(comment="when the person wrote back")
    reply: Mapped[str | None] = mapped_column(
        CutText(MAX_TEXT), comment="only where the campaign was asked to keep it"
    )
    automatic_at: Mapped[datetime | None] = mapped_column(
        comment="when an automatic answer to it came, which is no reply"
    )
    screenshot: Mapped[str | None]
    correlation_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DailySummary(Base):
    """The summary of an account's day, written once after its end."""

    __tablename__ = "daily_summaries"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    on: Mapped[date] = mapped_column(primary_key=True, comment="the day in the account's zone")
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="counts only")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
