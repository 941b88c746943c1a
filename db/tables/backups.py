"""Backups: where and for whom they are made, the keys in use, and the restorations of this database."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Identity, Integer, SmallInteger, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, at_most


class BackupPlan(Base):
    """The backups that upkeep makes; no row: none. How often is in the row of the upkeep job."""

    __tablename__ = "backup_plan"
    __table_args__ = (
        CheckConstraint("id = 1", "only_one"),
        CheckConstraint("keep between 1 and 1000", "keep"),
        CheckConstraint("cardinality(recipients) between 1 and 20", "recipients"),
        *at_most(1000, "target"),
        *at_most(200, "set_by"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    target: Mapped[str] = mapped_column(comment="a folder, or the address of one")
    recipients: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="public keys")
    keep: Mapped[int] = mapped_column(Integer, comment="how many backups remain, the newest ones")
    evidence: Mapped[bool] = mapped_column(comment="with screenshots and traces")
    set_by: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())


class KeyFingerprint(Base):
    """A key that has encrypted something here, by its fingerprint: a restored database needs it again."""

    __tablename__ = "key_fingerprints"
    __table_args__ = (CheckConstraint("fingerprint ~ '^[0-9a-f]{16}$'", "form"), *at_most(60, "variable"))

    variable: Mapped[str] = mapped_column(primary_key=True, comment="the setting that holds the key")
    fingerprint: Mapped[str] = mapped_column(primary_key=True, comment="a part of a SHA-256 of the key")
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Restore(Base):
    """This database was restored: what happened between the two instants is known only to the sites."""

    __tablename__ = "restores"
    __table_args__ = (
        CheckConstraint("restored_at > backup_at", "later"),
        *at_most(200, "restored_by"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    backup_at: Mapped[datetime] = mapped_column(comment="the instant of the backup's snapshot")
    restored_at: Mapped[datetime] = mapped_column(server_default=func.now())
    restored_by: Mapped[str]
