"""Which code the tables serve

A release that only adds to the tables doesn't stop code of the release before, which runs until it is restarted. Its
code can't know that, so the tables say it: which revision's code is the oldest that works with them.
"""

import sqlalchemy as sa
from alembic import op

from db.migrate import serve_from

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alembic_version", sa.Column("serves_from", sa.Text(), nullable=True))
    serve_from(revision)


def downgrade() -> None:
    op.drop_column("alembic_version", "serves_from")
