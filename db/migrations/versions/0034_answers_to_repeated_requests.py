"""Answers to requests with an Idempotency-Key, for their repetitions"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotent_answers",
        sa.Column(
            "key_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of the caller's name and the Idempotency-Key",
        ),
        sa.Column("attempt", sa.Uuid(), nullable=False, comment="of the request that may store the answer"),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "request_hash",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 of method, address, type and body",
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=True, comment="status, headers and body, encrypted"),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_idempotent_answers_key_hash")),
        sa.CheckConstraint(
            "octet_length(request_hash) = 32", name=op.f("ck_idempotent_answers_request_hash")
        ),
        sa.CheckConstraint(
            "(request_hash is null) = (sealed is null)", name=op.f("ck_idempotent_answers_answered_whole")
        ),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_idempotent_answers")),
    )
    op.create_index("ix_idempotent_answers_started_at", "idempotent_answers", ["started_at"])


def downgrade() -> None:
    op.drop_table("idempotent_answers")
