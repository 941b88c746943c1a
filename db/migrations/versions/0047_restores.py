"""Restores

When this database was restored, and from when the backup was: until then, messages of ours in a thread may be ones
that the ledger has lost. The keys in use, by their fingerprints, are for who restores a backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_fingerprints",
        sa.Column("variable", sa.Text(), nullable=False, comment="the setting that holds the key"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="a part of a SHA-256 of the key"),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("fingerprint ~ '^[0-9a-f]{16}$'", name=op.f("ck_key_fingerprints_form")),
        sa.CheckConstraint("length(variable) <= 60", name=op.f("ck_key_fingerprints_short_variable")),
        sa.PrimaryKeyConstraint("variable", "fingerprint", name=op.f("pk_key_fingerprints")),
    )
    op.create_table(
        "restores",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "backup_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the instant of the backup's snapshot",
        ),
        sa.Column("restored_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("restored_by", sa.Text(), nullable=False),
        sa.CheckConstraint("restored_at > backup_at", name=op.f("ck_restores_later")),
        sa.CheckConstraint("length(restored_by) <= 200", name=op.f("ck_restores_short_restored_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restores")),
    )


def downgrade() -> None:
    op.drop_table("restores")
    op.drop_table("key_fingerprints")
