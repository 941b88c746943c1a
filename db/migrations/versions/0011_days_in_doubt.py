"""A birthday that may be one of several days

A person is asked about each day of a date that can be read in several ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = ("import_id", "line", "contact_id")
DAY = ("birth_month", "birth_day")


def upgrade() -> None:
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
