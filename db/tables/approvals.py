"""Links with which a person approves proposals without a key."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base


class ApprovalLink(Base):
    """One link. Of its token only the hash is stored."""

    __tablename__ = "approval_links"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", "hash"),
        CheckConstraint("length(target) between 1 and 60", "target"),
        CheckConstraint("jsonb_typeof(seen) = 'object' and seen <> '{}'", "seen"),
        CheckConstraint("octet_length(seen::text) <= 20000", "short_seen"),
        CheckConstraint("expires_at > created_at", "expires_later"),
        CheckConstraint("used_at is null or revoked_at is null", "one_end"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True, comment="SHA-256 of the token")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(comment="the name of the notice target it was made for")
    seen: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="by action: the hash of recipient and text that it may approve"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(comment="when somebody approved with it")
    revoked_at: Mapped[datetime | None]
