"""A signature for each account

It ends each of the account's greetings; empty until a person sets one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column(
            "signature",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="ends each greeting, on lines of its own",
        ),
    )


def downgrade() -> None:
    op.drop_column("accounts", "signature")
