"""A birthday that may be one of several days

A person is asked about each day of a date that can be read in several ways. Whom a person allowed again stays
allowed if a file says once more that they have died.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BY_HAND = "birthday and language set by hand; they win over imports and pages"
NEW_BY_HAND = (
    "birthday and language set by hand, and that contact was allowed; they win over imports and pages"
)
COLUMNS = ("import_id", "line", "contact_id")
DAY = ("birth_month", "birth_day")


def upgrade() -> None:
    op.alter_column("contacts", "by_hand", existing_type=JSONB(), comment=NEW_BY_HAND)
    op.add_column(
        "import_doubts",
        sa.Column(
            "day_uncertain",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the file leaves the day open, not only whose it is",
        ),
    )
    op.drop_constraint(op.f("uq_import_doubts_import_id_line_contact_id"), "import_doubts", type_="unique")
    op.create_unique_constraint(
        op.f("uq_import_doubts_import_id_line_contact_id_birth_month_birth_day"),
        "import_doubts",
        [*COLUMNS, *DAY],
    )


def downgrade() -> None:
    op.alter_column("contacts", "by_hand", existing_type=JSONB(), comment=BY_HAND)
    op.drop_column("import_doubts", "day_uncertain")
    op.execute(
        "delete from import_doubts d using import_doubts k "
        "where k.import_id = d.import_id and k.line = d.line and k.contact_id = d.contact_id and k.id < d.id"
    )
    op.drop_constraint(
        op.f("uq_import_doubts_import_id_line_contact_id_birth_month_birth_day"),
        "import_doubts",
        type_="unique",
    )
    op.create_unique_constraint(
        op.f("uq_import_doubts_import_id_line_contact_id"), "import_doubts", list(COLUMNS)
    )
