"""An index of ends with a reason

A day's summary counts the actions that were skipped or failed on it; almost all events are of other moves.
"""

from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

ENDED = "to_state in ('done', 'failed', 'skipped') and reason is not null"


def upgrade() -> None:
    create_index_concurrently("ix_action_events_ended", "action_events", ["account_id", "at"], where=ENDED)


def downgrade() -> None:
    op.drop_index("ix_action_events_ended", "action_events")
