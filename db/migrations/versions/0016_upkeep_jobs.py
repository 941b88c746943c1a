"""Upkeep jobs are due by rows

Each is due at once: when it last ran is not known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upkeep_jobs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("every", sa.Interval(), nullable=False, comment="from one success to the next run"),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column(
            "leased_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="a worker has it, or a message to one",
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("last_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False, comment="in a row"
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="of the last failure, without data of people"),
        sa.CheckConstraint("every > interval '0'", name=op.f("ck_upkeep_jobs_every")),
        sa.CheckConstraint(
            "last_failed_at is null or error is not null", name=op.f("ck_upkeep_jobs_failed_says_why")
        ),
        sa.CheckConstraint("length(error) <= 300", name=op.f("ck_upkeep_jobs_short")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_upkeep_jobs")),
    )
    op.execute("""
        insert into upkeep_jobs (name, every)
        values ('expiry', '5 minutes'), ('replies', '5 minutes'), ('summaries', '5 minutes'),
               ('quota', '1 hour'), ('retention', '6 hours'), ('evidence', '1 hour')
    """)


def downgrade() -> None:
    op.drop_table("upkeep_jobs")
