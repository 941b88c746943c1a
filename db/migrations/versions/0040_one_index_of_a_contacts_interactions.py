"""One index of a contact's interactions: the one of 0039 has the columns of this one"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_interactions_contact_type_status", "interactions", if_exists=True)


def downgrade() -> None:
    op.create_index("ix_interactions_contact_type_status", "interactions", ["contact_id", "type", "status"])
