"""Accounts, contacts, exclusions and the kill switch."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
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
from db.tables.folding import FOLDED_FACTS, FOLDED_NAME, NAME_ORDER, SEARCH_WORDS
from worker.errors import Reason
from worker.rules.model import AccountStatus, ContactStatus
from worker.rules.texts.bounds import MAX_ERROR, MAX_LINE, MAX_NAME, MAX_PROFILE_BYTES

NAME_KEY = r"lower(regexp_replace(btrim(normalize(full_name, NFKC)), '\s+', ' ', 'g'))"
"""Normalises a name: ignores Unicode composition, case and repeated white space."""

FLAGGED = "forgotten_at is null and (do_not_contact or hold_until is not null or call_by is not null)"
"""The few contacts that a filter of the list of people is for. Not by the date of the last greeting: each
greeting changes it, and an index that names it would have Postgres write all indexes anew."""


class Account(Base):
    """One login on one site."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(one_of("status", AccountStatus), "status"),
        CheckConstraint("status = 'active' or stop_reason is not null", "stopped_says_why"),
        CheckConstraint(one_of("stop_reason", Reason), "stop_reason"),
        CheckConstraint("keep_days >= 8", "keep_days"),
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
    session_proven_at: Mapped[datetime | None] = mapped_column(
        comment="when the session was proven in a window of its own; null: before this was recorded"
    )
    session_expires_at: Mapped[datetime | None] = mapped_column(
        comment="when its key cookie expires; null: not known. The site may end it earlier"
    )
    inbox_read_at: Mapped[datetime | None] = mapped_column(comment="replies are known up to then")
    inbox_asked_at: Mapped[datetime | None] = mapped_column(comment="when it was last opened")
    inbox_lease_until: Mapped[datetime | None] = mapped_column(
        comment="a worker reads the inbox; nothing else of the account starts meanwhile"
    )
    keep_days: Mapped[int | None] = mapped_column(
        comment="how long people who are no connections, and profiles, are kept unseen; null: until erased"
    )
    signature: Mapped[str] = mapped_column(
        server_default="", comment="ends each greeting, on lines of its own"
    )
    removed_at: Mapped[datetime | None] = mapped_column(
        comment="when a person removed it; what remains are counts and hashes, and no list shows it"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Contact(Base):
    """A person known to an account, identified by the normalised profile address and by member id.

    Of somebody known by id only, `profile_url` is the address by id, too; a trigger sets `member_url` then.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("profile_url", "account_id"),
        CheckConstraint(one_of("status", ContactStatus), "status"),
        CheckConstraint("score between 0 and 100", "score"),
        *at_most(MAX_NAME, "full_name", "call_by", "email"),
        *at_most(MAX_LINE, "hold_reason", "hold_by"),
        CheckConstraint(f"octet_length(profile::text) <= {MAX_PROFILE_BYTES}", "short_profile"),
        CheckConstraint("(birth_month is null) = (birth_day is null)", "birthday_whole"),
        CheckConstraint("birth_month between 1 and 12 and birth_day between 1 and 31", "birthday"),
        Index("ix_contacts_birthday", "birth_month", "birth_day", "account_id"),
        Index("ix_contacts_account_status_score", "account_id", "status", "score"),
        CheckConstraint("birth_year between 1900 and 2100", "birth_year"),
        Index("ix_contacts_account_id", "account_id", "id"),
        Index("ix_contacts_created_at_id", "created_at", "id"),
        Index("ix_contacts_name_key", "account_id", "name_key"),
        Index(
            "ix_contacts_email",
            "account_id",
            text("lower(email)"),
            postgresql_where=text("email is not null"),
        ),
        CheckConstraint("forgotten_at is null or profile_url = 'forgotten:' || id", "erased"),
        Index(
            "uq_contacts_member_url_account_id",
            "member_url",
            "account_id",
            unique=True,
            postgresql_where=text("member_url is not null"),
        ),
        Index("ix_contacts_import_id", "import_id", postgresql_where=text("import_id is not null")),
        Index("ix_contacts_moved", "account_id", "id", postgresql_where=text("moved_to is not null")),
        Index(
            "ix_contacts_search_words",
            text(SEARCH_WORDS),
            postgresql_using="gin",
            postgresql_where=text("forgotten_at is null"),
        ),
        Index("ix_contacts_flagged", "account_id", postgresql_where=text(FLAGGED)),
        Index(
            "ix_contacts_name_order",
            "account_id",
            text(f"({NAME_ORDER})"),
            "id",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    profile_url: Mapped[str]
    member_url: Mapped[str | None] = mapped_column(comment="the address by member id, case-sensitive")
    moved_to: Mapped[str | None] = mapped_column(
        comment="the other member's address by id to whom the profile address belongs now; a person decides"
    )
    full_name: Mapped[str] = mapped_column(CutText(MAX_NAME))
    name_key: Mapped[str] = mapped_column(Computed(NAME_KEY, persisted=True))
    folded_name: Mapped[str] = mapped_column(Computed(FOLDED_NAME, persisted=True))
    folded_facts: Mapped[str] = mapped_column(Computed(FOLDED_FACTS, persisted=True))
    call_by: Mapped[str | None] = mapped_column(comment="what greetings call the person, set by hand")
    by_hand: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True),
        comment="birthday and language set by hand, and that contact was allowed; they win over imports "
        "and pages",
    )
    email: Mapped[str | None]
    language: Mapped[str | None] = mapped_column(comment="ISO 639-1")
    birth_month: Mapped[int | None] = mapped_column(SmallInteger)
    birth_day: Mapped[int | None] = mapped_column(SmallInteger)
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    connected_on: Mapped[date | None]
    profile: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="what is known of the profile: headline, company, ..."
    )
    status: Mapped[str] = mapped_column(server_default=ContactStatus.CONNECTED)
    score: Mapped[int | None] = mapped_column(SmallInteger)
    do_not_contact: Mapped[bool] = mapped_column(server_default=text("false"))
    last_greeted_on: Mapped[date | None] = mapped_column(
        comment="the day in the account's zone on which the last greeting was sent"
    )
    forgotten_at: Mapped[datetime | None] = mapped_column(
        comment="when all that told who it is was erased; what the quota counts stays"
    )
    replied_at: Mapped[datetime | None] = mapped_column(comment="when the person last wrote, as far as seen")
    hold_until: Mapped[date | None] = mapped_column(
        comment="no campaign reaches the person before this day in the account's zone"
    )
    hold_reason: Mapped[str | None] = mapped_column(comment="why, as the person who set it wrote")
    hold_by: Mapped[str | None] = mapped_column(comment="who set the hold")
    away_until: Mapped[date | None] = mapped_column(
        comment="the return date that the person's automatic answer names"
    )
    import_id: Mapped[int | None] = mapped_column(
        ForeignKey("imports.id", ondelete="SET NULL"), comment="the import that brought this person in"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IdentityChange(Base):
    """What changed about who a contact is: a new address, contacts merged, two people told apart.

    `before` keeps former addresses, by which files and erasure still find the person.
    """

    __tablename__ = "identity_changes"
    __table_args__ = (
        CheckConstraint("what in ('accepted', 'address', 'distinct', 'merged', 'moved')", "what"),
        *at_most(MAX_LINE, "changed_by"),
        Index("ix_identity_changes_contact_id", "contact_id"),
        Index("ix_identity_changes_other_id", "other_id"),
        Index("ix_identity_changes_account_id_before", "account_id", "before"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    other_id: Mapped[int | None] = mapped_column(
        ForeignKey("contacts.id", ondelete="CASCADE"), comment="the contact merged, or another person"
    )
    what: Mapped[str]
    before: Mapped[str | None] = mapped_column(comment="the former address")
    changed_by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Exclusion(Base):
    """Somebody who must not be contacted, or not greeted for one occasion.

    By address, or by name if no address is known, which then excludes everybody of that name. A trigger on
    contacts sets do-not-contact for exclusions without an occasion, for later contacts too.
    """

    __tablename__ = "exclusions"
    __table_args__ = (
        UniqueConstraint(
            "account_id", "profile_url", "name_key", "occasion", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("num_nonnulls(profile_url, name_key) = 1", "one_person"),
        *at_most(MAX_ERROR, "note"),
        Index("ix_exclusions_import_id", "import_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    profile_url: Mapped[str | None]
    name_key: Mapped[str | None]
    occasion: Mapped[str | None] = mapped_column(
        comment="greeted for it elsewhere; null: never to be contacted"
    )
    note: Mapped[str | None] = mapped_column(CutText(MAX_ERROR), comment="why, for a person")
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class KillSwitch(Base):
    """While it has a row, no account acts."""

    __tablename__ = "kill_switch"
    __table_args__ = (CheckConstraint("id = 1", "only_one"), *at_most(MAX_LINE, "pulled_by"))

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    pulled_at: Mapped[datetime] = mapped_column(server_default=func.now())
    pulled_by: Mapped[str]
