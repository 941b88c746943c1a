"""Requested campaigns are kept until they start

Redis may lose the message that starts a campaign. Its options stay here until the campaign is there.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign_requests", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column(
        "campaign_requests",
        sa.Column("options", JSONB(), nullable=True, comment="null once the campaign has started"),
    )
    op.add_column("campaign_requests", sa.Column("correlation_id", sa.Text(), nullable=True))


def downgrade() -> None:
    for column in ("correlation_id", "options", "kind"):
        op.drop_column("campaign_requests", column)
