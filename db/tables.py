"""The tables of design §1-2: what may be true at all is said here, in checks, keys and indexes."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from worker.errors import Reason
from worker.rules.lifecycle import IN_FLIGHT, NEEDS_REASON
from worker.rules.model import AccountStatus, ActionState, CampaignKind, CampaignState, ContactStatus, Kind


def one_of(column: str, values: Iterable[StrEnum]) -> str:
    """Return the SQL condition that `column` holds one of `values`; it lets null pass, as a CHECK does."""
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return f"{column} in ({listed})"


class Base(DeclarativeBase):
    """Every instant is a timestamptz; every text is unbounded text."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text(), int: BigInteger()}  # noqa: RUF012 -- SQLAlchemy's own interface


class Account(Base):
    """One login on one site."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(one_of("status", AccountStatus), "status"),
        CheckConstraint("status = 'active' or stop_reason is not null", "stopped_says_why"),
        CheckConstraint(one_of("stop_reason", Reason), "stop_reason"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    site: Mapped[str]
    time_zone: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=AccountStatus.ACTIVE)
    stop_reason: Mapped[str | None]
    session: Mapped[bytes | None] = mapped_column(LargeBinary, comment="storage state, encrypted")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class QuotaLimit(Base):
    """An account's own limits for one kind; without a row the defaults hold."""

    __tablename__ = "quota_limits"
    __table_args__ = (
        CheckConstraint(one_of("kind", Kind), "kind"),
        CheckConstraint("0 <= per_day and per_day <= per_week and 0 <= per_run", "counts"),
        CheckConstraint("0 <= gap_min_ms and gap_min_ms <= gap_max_ms", "gap"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    per_run: Mapped[int]
    per_day: Mapped[int]
    per_week: Mapped[int]
    gap_min_ms: Mapped[int]
    gap_max_ms: Mapped[int]


class Contact(Base):
    """A person known to an account, identified by the normalised profile address."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("account_id", "profile_url"),
        CheckConstraint(one_of("status", ContactStatus), "status"),
        CheckConstraint("score between 0 and 100", "score"),
        CheckConstraint("(birth_month is null) = (birth_day is null)", "birthday_whole"),
        CheckConstraint("birth_month between 1 and 12 and birth_day between 1 and 31", "birthday"),
        Index("ix_contacts_birthday", "birth_month", "birth_day", "account_id"),
        Index("ix_contacts_account_status_score", "account_id", "status", "score"),
        Index("ix_contacts_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    profile_url: Mapped[str]
    full_name: Mapped[str]
    language: Mapped[str | None] = mapped_column(comment="ISO 639-1")
    birth_month: Mapped[int | None] = mapped_column(SmallInteger)
    birth_day: Mapped[int | None] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(server_default=ContactStatus.CONNECTED)
    score: Mapped[int | None] = mapped_column(SmallInteger)
    do_not_contact: Mapped[bool] = mapped_column(server_default=text("false"))
    last_greeted_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Campaign(Base):
    """One run of a kind for an account, with a validated snapshot of its options."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(one_of("kind", CampaignKind), "kind"),
        CheckConstraint(one_of("state", CampaignState), "state"),
        CheckConstraint(one_of("reason", Reason), "reason"),
        CheckConstraint("state <> 'failed' or reason is not null", "failed_says_why"),
        Index("ix_campaigns_reading", "nudged_at", postgresql_where=text("state = 'reading'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    preview: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB, comment="what a dry run would do")
    nudged_at: Mapped[datetime | None]
    correlation_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    planned_at: Mapped[datetime | None]


class Action(Base):
    """One planned effect on one contact. The unique key is what makes an occasion happen once."""

    __tablename__ = "actions"
    __table_args__ = (
        UniqueConstraint("account_id", "contact_id", "kind", "occasion"),
        CheckConstraint(one_of("kind", Kind), "kind"),
        CheckConstraint(one_of("state", ActionState), "state"),
        CheckConstraint(one_of("reason", Reason), "reason"),
        CheckConstraint(f"reason is not null or not {one_of('state', NEEDS_REASON)}", "says_why"),
        CheckConstraint("reason is not null or state <> 'planned' or not_before <= created_at", "waits_for"),
        CheckConstraint(f"lease_until is not null or not {one_of('state', IN_FLIGHT)}", "leased"),
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
        Index("ix_actions_lease", "lease_until", postgresql_where=text("lease_until is not null")),
        Index("ix_actions_campaign_id", "campaign_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    kind: Mapped[str]
    occasion: Mapped[str]
    occasion_on: Mapped[date] = mapped_column(comment="the birthday's own date")
    message: Mapped[str] = mapped_column(comment="what is to be sent; the proven text is the interaction's")
    state: Mapped[str] = mapped_column(server_default=ActionState.PLANNED)
    reason: Mapped[str | None]
    detail: Mapped[str | None] = mapped_column(comment="for a person; never holds message text")
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
    """One move of an action, written by a trigger: no move without its event, and none that isn't listed.

    The events of an account form a chain: each hash covers the row and the hash before it.
    """

    __tablename__ = "action_events"
    __table_args__ = (
        UniqueConstraint("account_id", "seq"),
        Index("ix_action_events_action_id", "action_id", "seq"),
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
    """The end of an account's chain: what a truncated chain no longer reaches."""

    __tablename__ = "audit_heads"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class KillSwitch(Base):
    """While it has a row, nothing acts, for any account."""

    __tablename__ = "kill_switch"
    __table_args__ = (CheckConstraint("id = 1", "only_one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    pulled_at: Mapped[datetime] = mapped_column(server_default=func.now())
    pulled_by: Mapped[str]


class Interaction(Base):
    """What happened, append-only: the ledger from which quotas can be rebuilt."""

    __tablename__ = "interactions"
    __table_args__ = (
        CheckConstraint(one_of("type", Kind), "type"),
        UniqueConstraint("action_id"),
        Index("ix_interactions_contact_type_status", "contact_id", "type", "status"),
        Index("ix_interactions_created_at", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    action_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"))
    type: Mapped[str]
    status: Mapped[str] = mapped_column(comment="how it was proven: sent, or found when looking")
    occasion: Mapped[str]
    message: Mapped[str] = mapped_column(comment="the text proven in the thread")
    screenshot: Mapped[str | None]
    correlation_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MessageTemplate(Base):
    """One way to say it, for every account or for one."""

    __tablename__ = "message_templates"
    __table_args__ = (
        UniqueConstraint("account_id", "language", "late", "body", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(comment="ISO 639-1")
    late: Mapped[bool]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Schedule(Base):
    """A campaign that starts by itself: cron in the account's zone. Beat is only the tick that looks."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint(one_of("kind", CampaignKind), "kind"),
        UniqueConstraint("account_id", "kind"),
        Index("ix_schedules_next_fire_at", "next_fire_at", postgresql_where=text("enabled")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    cron: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    next_fire_at: Mapped[datetime]


class ScheduleFire(Base):
    """One instant at which a schedule fired: the key lets it fire once, however many beats there are."""

    __tablename__ = "schedule_fires"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True)
    fire_at: Mapped[datetime] = mapped_column(primary_key=True)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
