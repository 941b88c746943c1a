"""Notices: what happened (the outbox), whom to tell, and what was sent to whom."""

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
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, one_of
from worker.rules.notices.deliveries import DeliveryState, Outcome, SendFailure
from worker.rules.notices.kinds import NoticeKind


class OutboxEvent(Base):
    """Something that people may want to be told, written in the transaction in which it happened."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        CheckConstraint(one_of("kind", NoticeKind), "kind"),
        CheckConstraint("length(key) <= 200", "short_key"),
        CheckConstraint("octet_length(payload::text) <= 8000", "short_payload"),
        Index("ix_outbox_events_undelivered", "id", postgresql_where=text("dispatched_at is null")),
        Index("ix_outbox_events_position", "position", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), comment="null: it concerns all accounts"
    )
    key: Mapped[str] = mapped_column(comment="what happened; the same is told once")
    payload: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="ids, codes, counts and names of accounts"
    )
    dispatched_at: Mapped[datetime | None] = mapped_column(comment="when its deliveries were made")
    position: Mapped[int | None] = mapped_column(comment="by commit; null until then")


class EventFeed(Base):
    """The one row that orders events: a trigger locks it when a transaction with an event commits."""

    __tablename__ = "event_feed"
    __table_args__ = (CheckConstraint("id = 1", "only_one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    last_position: Mapped[int] = mapped_column(server_default=text("0"))
    deleted_to: Mapped[int] = mapped_column(server_default=text("0"))


class NoticeTarget(Base):
    """Where notices are sent. Its whole URL is encrypted, since most hold a password or a token."""

    __tablename__ = "notice_targets"
    __table_args__ = (
        CheckConstraint("length(name) between 1 and 60", "name"),
        CheckConstraint(
            f"kinds <@ array[{', '.join(repr(str(kind)) for kind in sorted(NoticeKind))}]"
            " and cardinality(kinds) > 0",
            "kinds",
        ),
        CheckConstraint(one_of("last_error", SendFailure), "last_error"),
        CheckConstraint("(last_error is null) = (last_failed_at is null)", "failed_whole"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), comment="null: told about all accounts"
    )
    scheme: Mapped[str]
    host: Mapped[str | None] = mapped_column(comment="null: the URL names none, or it may be a secret")
    sealed: Mapped[bytes] = mapped_column(LargeBinary, comment="URL and signing secret, encrypted")
    kinds: Mapped[list[str] | None] = mapped_column(ARRAY(Text), comment="null: all kinds")
    with_texts: Mapped[bool] = mapped_column(server_default=text("false"), comment="message texts in digests")
    with_screenshots: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    paused_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    last_failed_at: Mapped[datetime | None] = mapped_column(comment="null: the last message was sent")
    last_error: Mapped[str | None]


class NoticeDelivery(Base):
    """One event to one target. Deliveries of one message have the same `message_id` and move together."""

    __tablename__ = "notice_deliveries"
    __table_args__ = (
        CheckConstraint(one_of("state", DeliveryState), "state"),
        CheckConstraint(one_of("last_error", SendFailure), "last_error"),
        CheckConstraint("(state = 'sending') = (sending_since is not null)", "sending_since"),
        CheckConstraint("state not in ('sending', 'sent') or message_id is not null", "message"),
        CheckConstraint("state not in ('failed', 'dropped') or last_error is not null", "says_why"),
        CheckConstraint("(state in ('sent', 'failed', 'dropped')) = (ended_at is not null)", "ended_at"),
        Index("ix_notice_deliveries_message_id", "message_id"),
        Index(
            "ix_notice_deliveries_open",
            "target_id",
            "event_id",
            postgresql_where=text("state in ('pending', 'sending')"),
        ),
        Index("ix_notice_deliveries_ended", "target_id", "ended_at"),
    )

    event_id: Mapped[int] = mapped_column(
        ForeignKey("outbox_events.id", ondelete="CASCADE"), primary_key=True
    )
    target_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("notice_targets.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(server_default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    message_id: Mapped[uuid.UUID | None] = mapped_column(comment="kept for retries: receivers know it again")
    sending_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(comment="when it was sent, failed or dropped")
    maybe_twice: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="its sender died, and it was sent again"
    )
    last_error: Mapped[str | None]


class NoticeTotal(Base):
    """How many notices have ended in each way. Deliveries are deleted with time; these counts stay."""

    __tablename__ = "notice_totals"
    __table_args__ = (
        CheckConstraint(one_of("kind", NoticeKind), "kind"),
        CheckConstraint(one_of("outcome", Outcome), "outcome"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
