"""Indexes of filtered lists

The lists of campaigns, actions and interactions are read newest first, in pages, by account, kind or state. Without
these, a filter that few rows meet reads a table whole.
"""

from typing import Final

from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

ADDED: Final = {
    "ix_campaigns_created_at": ("campaigns", []),
    "ix_campaigns_account_created_at": ("campaigns", ["account_id"]),
    "ix_campaigns_kind_created_at": ("campaigns", ["kind"]),
    "ix_actions_account_created_at": ("actions", ["account_id"]),
    "ix_actions_kind_created_at": ("actions", ["kind"]),
    "ix_interactions_account_created_at": ("interactions", ["account_id"]),
    "ix_interactions_type_created_at": ("interactions", ["type"]),
}


RARE_STATES: Final = {
    "ix_campaigns_stopped": ("campaigns", "state in ('cancelled', 'failed', 'paused')"),
    "ix_actions_state_created_at": ("actions", "state in ('failed', 'planned', 'skipped')"),
}


def upgrade() -> None:
    for name, (table, filtered) in ADDED.items():
        create_index_concurrently(name, table, [*filtered, "created_at", "id"])
    for name, (table, states) in RARE_STATES.items():
        create_index_concurrently(name, table, ["state", "created_at", "id"], where=states)
    # It also counts a campaign's actions by state without reading the actions.
    create_index_concurrently("ix_actions_campaign_id_state", "actions", ["campaign_id", "state"])
    with op.get_context().autocommit_block():
        op.drop_index("ix_actions_campaign_id", "actions", if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    op.execute("alter index ix_actions_campaign_id_state rename to ix_actions_campaign_id")  # serves as well
    for name, (table, _) in {**ADDED, **RARE_STATES}.items():
        op.drop_index(name, table)
