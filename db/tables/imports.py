"""Import runs, and the data that undoing them needs."""

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

from db.tables.base import Base, CutText, at_most, one_of
from worker.rules.model import ImportSource
from worker.rules.subscriptions.readings import ReadFailure, SourceKind
from worker.rules.texts.bounds import MAX_LINE, MAX_NAME


class Import(Base):
    """One file, or what changed in a subscribed source, imported into an account."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(one_of("source", ImportSource), "source"),
        *at_most(MAX_NAME, "file_name"),
        *at_most(MAX_LINE, "started_by"),
        Index("ix_imports_account_id", "account_id", "id"),
        Index("ix_imports_subscription_id", "subscription_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    source: Mapped[str]
    file_name: Mapped[str] = mapped_column(CutText(MAX_NAME), comment="its last part only")
    started_by: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    subscription_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="SET NULL"), comment="what was read; null: a file"
    )
    report: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="counts: read, new, changed, same, refused, by table"
    )


class ImportChange(Base):
    """A contact's values before an import changed it, for undoing."""

    __tablename__ = "import_changes"
    __table_args__ = (Index("ix_import_changes_contact_id", "contact_id"),)

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="the changed columns' former values")


class ImportDoubt(Base):
    """A birthday that may be this contact's: the name is the same, or the day can be read in several ways.

    A person confirms or refuses it.
    """

    __tablename__ = "import_doubts"
    __table_args__ = (
        UniqueConstraint("import_id", "line", "contact_id", "birth_month", "birth_day"),
        CheckConstraint("birth_month between 1 and 12 and birth_day between 1 and 31", "birthday"),
        CheckConstraint("(settled_at is null) = (is_theirs is null)", "settled_whole"),
        *at_most(MAX_NAME, "name"),
        Index("ix_import_doubts_contact_id", "contact_id"),
        Index("ix_import_doubts_open", "id", postgresql_where=text("settled_at is null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    line: Mapped[int] = mapped_column(comment="where in the file; the first is 1")
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    name: Mapped[str]
    birth_month: Mapped[int] = mapped_column(SmallInteger)
    birth_day: Mapped[int] = mapped_column(SmallInteger)
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    day_uncertain: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="the file leaves the day open, not only whose it is"
    )
    is_theirs: Mapped[bool | None] = mapped_column(comment="what a person said; it is not asked again")
    settled_at: Mapped[datetime | None]


class Subscription(Base):
    """An address book or a calendar on a server, read again each night.

    Its whole address is encrypted, since the path of a calendar is often its only secret.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("account_id", "address_hash"),
        CheckConstraint(one_of("kind", SourceKind), "kind"),
        CheckConstraint(one_of("failure", ReadFailure), "failure"),
        CheckConstraint("(failure is null) = (failed_at is null)", "failed_whole"),
        *at_most(MAX_NAME, "title"),
        CheckConstraint("next_at is not null or failure is not null", "stopped_says_why"),
        CheckConstraint("(lease_id is null) = (lease_until is null)", "leased_whole"),
        Index("ix_subscriptions_next_at", "next_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    title: Mapped[str] = mapped_column(CutText(MAX_NAME), comment="what the server calls it, or empty")
    origin: Mapped[str] = mapped_column(comment="scheme, host and port")
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 of the whole address")
    sealed: Mapped[bytes] = mapped_column(LargeBinary, comment="address and password, encrypted")
    tag: Mapped[str | None] = mapped_column(comment="ETag or collection tag of what was read")
    modified: Mapped[str | None] = mapped_column(comment="Last-Modified of what was read")
    read_at: Mapped[datetime | None] = mapped_column(comment="the last time that reading succeeded")
    next_at: Mapped[datetime | None] = mapped_column(comment="null: not until a person says so")
    requested_at: Mapped[datetime | None] = mapped_column(comment="a message to read it was published")
    lease_id: Mapped[uuid.UUID | None] = mapped_column(comment="who reads it now")
    lease_until: Mapped[datetime | None]
    failure: Mapped[str | None]
    failed_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), comment="in a row")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SubscriptionEntry(Base):
    """One card or event of a subscription, as it was last read. Key and version are hashes."""

    __tablename__ = "subscription_entries"
    __table_args__ = (Index("ix_subscription_entries_contact_id", "contact_id"),)

    subscription_id: Mapped[int] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    version: Mapped[bytes] = mapped_column(LargeBinary)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    read_at: Mapped[datetime] = mapped_column(server_default=func.now())
