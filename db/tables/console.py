"""The console: its users, their sessions and one-time links, attempts to sign in, and who changed what."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, one_of
from worker.rules.console.users import NAME_FORM, Language, Role


class ConsoleUser(Base):
    """Somebody who may open the console. Without a password, only a one-time link signs in."""

    __tablename__ = "console_users"
    __table_args__ = (
        CheckConstraint(f"name ~ '^{NAME_FORM}$'", "name"),
        CheckConstraint("octet_length(password_hash) between 60 and 300", "password_hash"),
        CheckConstraint(one_of("role", Role), "role"),
        CheckConstraint(one_of("language", Language), "language"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[bytes | None] = mapped_column(LargeBinary, comment="Argon2id, as a PHC string")
    role: Mapped[str]
    language: Mapped[str] = mapped_column(server_default=Language.ENGLISH)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]


class ConsoleSession(Base):
    """A browser in which a user is signed in. Its row is deleted when it ends."""

    __tablename__ = "console_sessions"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", "hash"),
        CheckConstraint("octet_length(former_hash) = 32", "former_hash"),
        CheckConstraint("former_hash is not null or former_until is null", "former_whole"),
        CheckConstraint("length(address) <= 60", "short_address"),
        CheckConstraint("length(browser) <= 40 and length(system) <= 40", "short_browser"),
        Index("ix_console_sessions_user_id", "user_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("console_users.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True, comment="SHA-256 of the token")
    former_hash: Mapped[bytes | None] = mapped_column(
        LargeBinary, unique=True, comment="of the token before this one"
    )
    former_until: Mapped[datetime | None] = mapped_column(
        comment="null: until the new token has been used for the first time"
    )
    rotated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    address: Mapped[str] = mapped_column(comment="where the last request came from")
    browser: Mapped[str]
    system: Mapped[str]


class ConsoleLink(Base):
    """A link that signs its user in once. Of its token only the hash is stored."""

    __tablename__ = "console_links"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", "hash"),
        CheckConstraint("expires_at > created_at", "expires_later"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("console_users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True, comment="SHA-256 of the token")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInAttempt(Base):
    """Wrong passwords in a row for the names of one bucket, whether or not a user has such a name."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (CheckConstraint("bucket between 0 and 65535", "bucket"),)

    bucket: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, comment="two bytes of the name's hash"
    )
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())
    wait_until: Mapped[datetime | None]


class Change(Base):
    """Something that a person changed: who, what, when. Rows are only added."""

    __tablename__ = "changes"
    __table_args__ = (
        CheckConstraint("length(by) between 1 and 200", "short_by"),
        CheckConstraint("change ~ '^[a-z_-]+([.][a-z_-]+)*$' and length(change) <= 60", "change"),
        CheckConstraint("length(about) <= 200", "short_about"),
        CheckConstraint("length(detail) <= 500", "short_detail"),
        Index("ix_changes_about", "about", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    by: Mapped[str]
    change: Mapped[str] = mapped_column(comment="what was done, such as account.pause")
    about: Mapped[str] = mapped_column(comment="an id or an account's name, never a contact's")
    detail: Mapped[str] = mapped_column(server_default="")
