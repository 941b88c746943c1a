"""Since when an account is signed in, and until when at the latest

Both are null for the sessions that there are: their age is not known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column(
            "session_proven_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the session was proven in a window of its own; null: before this was recorded",
        ),
    )
    op.add_column(
        "accounts",
        sa.Column(
            "session_expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when its key cookie expires; null: not known. The site may end it earlier",
        ),
    )


def downgrade() -> None:
    for column in ("session_expires_at", "session_proven_at"):
        op.drop_column("accounts", column)
