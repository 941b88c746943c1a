"""An index of the addresses that moved

The console counts them on the page of doubts; almost no contact has one.
"""

from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_concurrently(
        "ix_contacts_moved", "contacts", ["account_id", "id"], where="moved_to is not null"
    )


def downgrade() -> None:
    op.drop_index("ix_contacts_moved", "contacts")
