"""Address books and calendars that are read again each night

Their addresses and passwords are encrypted. An import says of which one it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, comment="what the server calls it, or empty"),
        sa.Column("origin", sa.Text(), nullable=False, comment="scheme, host and port"),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the whole address"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="address and password, encrypted"),
        sa.Column("tag", sa.Text(), nullable=True, comment="ETag or collection tag of what was read"),
        sa.Column("modified", sa.Text(), nullable=True, comment="Last-Modified of what was read"),
        sa.Column(
            "read_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the last time that reading succeeded",
        ),
        sa.Column(
            "next_at", sa.DateTime(timezone=True), nullable=True, comment="null: not until a person says so"
        ),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="a message to read it was published",
        ),
        sa.Column("lease_id", sa.Uuid(), nullable=True, comment="who reads it now"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "failures", sa.SmallInteger(), server_default=sa.text("0"), nullable=False, comment="in a row"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "failure in ('address_refused', 'certificate', 'forbidden', 'interrupted', 'keys', 'moved', 'not_found', 'not_readable', 'server_error', 'timeout', 'too_large', 'undone', 'unreachable', 'wrong_password')",
            name=op.f("ck_subscriptions_failure"),
        ),
        sa.CheckConstraint("kind in ('calendar', 'carddav')", name=op.f("ck_subscriptions_kind")),
        sa.CheckConstraint(
            "(failure is null) = (failed_at is null)", name=op.f("ck_subscriptions_failed_whole")
        ),
        sa.CheckConstraint(
            "(lease_id is null) = (lease_until is null)", name=op.f("ck_subscriptions_leased_whole")
        ),
        sa.CheckConstraint(
            "next_at is not null or failure is not null", name=op.f("ck_subscriptions_stopped_says_why")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_subscriptions_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "account_id", "address_hash", name=op.f("uq_subscriptions_account_id_address_hash")
        ),
    )
    op.create_index("ix_subscriptions_next_at", "subscriptions", ["next_at"], unique=False)
    op.create_table(
        "subscription_entries",
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_subscription_entries_contact_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_subscription_entries_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscription_id", "key", name=op.f("pk_subscription_entries")),
    )
    op.create_index(
        "ix_subscription_entries_contact_id", "subscription_entries", ["contact_id"], unique=False
    )

    op.add_column(
        "imports",
        sa.Column("subscription_id", sa.BigInteger(), nullable=True, comment="what was read; null: a file"),
    )
    op.create_foreign_key(
        op.f("fk_imports_subscription_id"), "imports", "subscriptions", ["subscription_id"], ["id"],
        ondelete="SET NULL",
    )  # fmt: skip
    op.create_index("ix_imports_subscription_id", "imports", ["subscription_id"])


def downgrade() -> None:
    op.drop_index("ix_imports_subscription_id", "imports")
    op.drop_column("imports", "subscription_id")
    op.drop_table("subscription_entries")
    op.drop_table("subscriptions")
