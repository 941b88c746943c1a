"""Named keys of the HTTP API. Of a secret only the hash is stored."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Identity, Integer, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base
from worker.rules.access import KeyScope
from worker.rules.api_keys import MOST_REQUESTS, PUBLIC_ID_FORM, RESERVED_NAMES
from worker.rules.console.users import NAME_FORM


class ApiKey(Base):
    """One key. A revoked one stays, because the records name it."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint(
            f"name ~ '^{NAME_FORM}$' and name not in ({', '.join(map(repr, sorted(RESERVED_NAMES)))})", "name"
        ),
        CheckConstraint(f"public_id ~ '^{PUBLIC_ID_FORM}$'", "public_id"),
        CheckConstraint("octet_length(secret_hash) = 32", "hash"),
        CheckConstraint("octet_length(former_hash) = 32", "former_hash"),
        CheckConstraint("(former_hash is null) = (former_until is null)", "former_whole"),
        CheckConstraint(
            f"scopes <@ array[{', '.join(repr(str(scope)) for scope in sorted(KeyScope))}]"
            " and cardinality(scopes) between 1 and 4",
            "scopes",
        ),
        CheckConstraint(
            f"per_minute between 1 and {MOST_REQUESTS} and burst between 1 and {MOST_REQUESTS}", "limits"
        ),
        CheckConstraint("expires_at > created_at", "expires_later"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    public_id: Mapped[str] = mapped_column(unique=True, comment="the part of the key that finds its row")
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 of 256 random bits")
    former_hash: Mapped[bytes | None] = mapped_column(LargeBinary, comment="of the secret before this one")
    former_until: Mapped[datetime | None]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    per_minute: Mapped[int] = mapped_column(Integer, comment="requests, in each API process")
    burst: Mapped[int] = mapped_column(Integer, comment="requests at once")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    rotated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None] = mapped_column(comment="to the minute")
