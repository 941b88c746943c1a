"""Import runs, and the data that undoing them needs."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, one_of
from worker.rules.model import ImportSource


class Import(Base):
    """One file imported into an account."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(one_of("source", ImportSource), "source"),
        Index("ix_imports_account_id", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    source: Mapped[str]
    file_name: Mapped[str] = mapped_column(comment="its last part only")
    started_by: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
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


class SelectorHint(Base):
    """A selector that V1 used on a site's page: a hint for a person who repairs an adapter."""

    __tablename__ = "selector_hints"

    site: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    selector: Mapped[str] = mapped_column(primary_key=True)
    page: Mapped[str]
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
