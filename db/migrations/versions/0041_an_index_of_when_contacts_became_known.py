"""An index of when contacts became known

A list of the contacts of some days is read in pages. All contacts of one import have the same time, so that the index
needs the id, too.
"""

from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_concurrently("ix_contacts_created_at_id", "contacts", ["created_at", "id"])
    with op.get_context().autocommit_block():
        op.drop_index("ix_contacts_created_at", "contacts", if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    op.create_index("ix_contacts_created_at", "contacts", ["created_at"])
    op.drop_index("ix_contacts_created_at_id", "contacts")
