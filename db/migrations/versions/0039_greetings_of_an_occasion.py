"""An index that tells whether a contact was greeted for an occasion

Planning and forecasts ask it of everybody with a birthday in these days; without the occasion in the index, each of a
contact's interactions was read for it.
"""

from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0039"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_concurrently(
        "ix_interactions_contact_type_status_occasion",
        "interactions",
        ["contact_id", "type", "status", "occasion"],
    )


def downgrade() -> None:
    op.drop_index("ix_interactions_contact_type_status_occasion", "interactions")
