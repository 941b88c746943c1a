"""Indexes of visits

Whose profile an account has seen is looked up by contact. Without these, choosing connections not seen for months read
every action and interaction of every contact.
"""

from typing import Final

from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0050"
down_revision = "0048"
branch_labels = None
depends_on = None

ADDED: Final = {
    "ix_actions_visits": ("actions", "acting_since", "kind = 'visit'"),
    "ix_interactions_visits": ("interactions", "created_at", "type = 'visit'"),
}


def upgrade() -> None:
    for name, (table, at, where) in ADDED.items():
        create_index_concurrently(name, table, ["account_id", "contact_id", at], where=where)


def downgrade() -> None:
    for name, (table, _, _) in ADDED.items():
        op.drop_index(name, table)
