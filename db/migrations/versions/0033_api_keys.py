"""Named keys of the HTTP API"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def moment(name: str, *, comment: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True, comment=comment)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False, comment="the part of the key that finds its row"),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of 256 random bits"),
        sa.Column("former_hash", sa.LargeBinary(), nullable=True, comment="of the secret before this one"),
        moment("former_until"),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False, comment="requests, in each API process"),
        sa.Column("burst", sa.Integer(), nullable=False, comment="requests at once"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        moment("rotated_at"),
        moment("expires_at"),
        moment("revoked_at"),
        moment("used_at", comment="to the minute"),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9][a-z0-9._-]{0,39}$' and name not in ('api', 'owner')",
            name=op.f("ck_api_keys_name"),
        ),
        sa.CheckConstraint("public_id ~ '^[0-9a-f]{12}$'", name=op.f("ck_api_keys_public_id")),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name=op.f("ck_api_keys_hash")),
        sa.CheckConstraint("octet_length(former_hash) = 32", name=op.f("ck_api_keys_former_hash")),
        sa.CheckConstraint(
            "(former_hash is null) = (former_until is null)", name=op.f("ck_api_keys_former_whole")
        ),
        sa.CheckConstraint(
            "scopes <@ array['admin', 'approve', 'control', 'read'] and cardinality(scopes) between 1 and 4",
            name=op.f("ck_api_keys_scopes"),
        ),
        sa.CheckConstraint(
            "per_minute between 1 and 100000 and burst between 1 and 100000", name=op.f("ck_api_keys_limits")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_api_keys_expires_later")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_keys_public_id")),
    )


def downgrade() -> None:
    op.drop_table("api_keys")
