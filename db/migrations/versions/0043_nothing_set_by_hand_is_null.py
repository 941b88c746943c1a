"""Nothing set by hand is null

Taking the last value back that was set by hand left a JSON null in contacts.by_hand. No key can be taken from it, so
that marking the person as do-not-contact failed.
"""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("update contacts set by_hand = null where by_hand = 'null'")


def downgrade() -> None:
    pass  # both mean the same
