"""Links with which a person approves proposals without a key"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approval_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "target", sa.Text(), nullable=False, comment="the name of the notice target it was made for"
        ),
        sa.Column(
            "seen",
            postgresql.JSONB(),
            nullable=False,
            comment="by action: the hash of recipient and text that it may approve",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "used_at", sa.DateTime(timezone=True), nullable=True, comment="when somebody approved with it"
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_approval_links_hash")),
        sa.CheckConstraint("length(target) between 1 and 60", name=op.f("ck_approval_links_target")),
        sa.CheckConstraint(
            "jsonb_typeof(seen) = 'object' and seen <> '{}'", name=op.f("ck_approval_links_seen")
        ),
        sa.CheckConstraint("octet_length(seen::text) <= 20000", name=op.f("ck_approval_links_short_seen")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_approval_links_expires_later")),
        sa.CheckConstraint("used_at is null or revoked_at is null", name=op.f("ck_approval_links_one_end")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_approval_links_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_approval_links_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("approval_links")
