"""Who acts and who is known to them."""

from datetime import date, datetime

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
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, one_of
from worker.errors import Reason
from worker.rules.model import AccountStatus, ContactStatus


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
    warm_up_on: Mapped[date | None] = mapped_column(
        comment="when its limits began to ramp up; null: they need not"
    )
    session: Mapped[bytes | None] = mapped_column(LargeBinary, comment="storage state, encrypted")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


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


class KillSwitch(Base):
    """While it has a row, nothing acts, for any account."""

    __tablename__ = "kill_switch"
    __table_args__ = (CheckConstraint("id = 1", "only_one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    pulled_at: Mapped[datetime] = mapped_column(server_default=func.now())
    pulled_by: Mapped[str]
