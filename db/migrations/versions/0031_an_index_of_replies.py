"""An index of replies

A day's page lists who answered on it; most greetings have no answer, and the ledger only grows.
"""

from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

REPLIED = "replied_at is not null"


def upgrade() -> None:
    create_index_concurrently(
        "ix_interactions_replied_at", "interactions", ["account_id", "replied_at"], where=REPLIED
    )


def downgrade() -> None:
    op.drop_index("ix_interactions_replied_at", "interactions")
