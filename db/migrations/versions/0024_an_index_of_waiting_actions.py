"""An index of the actions that wait

Metrics count them at each scrape; almost all rows of the table are actions that have ended. Those in flight have
another index.
"""

from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

WAITING = "state in ('needs_review', 'planned', 'proposed', 'uncertain')"


def upgrade() -> None:
    create_index_concurrently("ix_actions_waiting", "actions", ["state", "kind"], where=WAITING)


def downgrade() -> None:
    op.drop_index("ix_actions_waiting", "actions")
