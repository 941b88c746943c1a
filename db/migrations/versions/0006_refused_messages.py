"""Refused messages

Malformed messages from the broker: why each was refused, and what may be kept of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REASONS = (
    "bad_body", "bad_command", "bad_envelope", "bad_event", "bad_header", "bad_reply", "bad_text",
    "bad_unacked", "not_json", "scheduled", "too_deep", "too_large", "unknown_task",
)  # fmt: skip


def upgrade() -> None:
    listed = ", ".join(f"'{reason}'" for reason in REASONS)
    op.create_table(
        "refused_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the whole message, in hexadecimal digits"),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True, comment="who says that it sent it"),
        sa.Column(
            "shape",
            sa.Text(),
            nullable=True,
            comment="names and types of its headers, without their values",
        ),
        sa.CheckConstraint(f"reason in ({listed})", name=op.f("ck_refused_messages_reason")),
        sa.CheckConstraint(
            "length(concat(queue, detail, sha256, task, message_id, origin, shape)) <= 2000",
            name=op.f("ck_refused_messages_short"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_messages")),
    )


def downgrade() -> None:
    op.drop_table("refused_messages")
