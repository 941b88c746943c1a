"""The plan of backups

Where upkeep writes backups, for which public keys, and how many remain. Without a row it makes none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backup_plan",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="a folder, or the address of one"),
        sa.Column("recipients", sa.ARRAY(sa.Text()), nullable=False, comment="public keys"),
        sa.Column("keep", sa.Integer(), nullable=False, comment="how many backups remain, the newest ones"),
        sa.Column("evidence", sa.Boolean(), nullable=False, comment="with screenshots and traces"),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_backup_plan_only_one")),
        sa.CheckConstraint("keep between 1 and 1000", name=op.f("ck_backup_plan_keep")),
        sa.CheckConstraint(
            "cardinality(recipients) between 1 and 20", name=op.f("ck_backup_plan_recipients")
        ),
        sa.CheckConstraint("length(target) <= 1000", name=op.f("ck_backup_plan_short_target")),
        sa.CheckConstraint("length(set_by) <= 200", name=op.f("ck_backup_plan_short_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_plan")),
    )


def downgrade() -> None:
    op.execute("delete from upkeep_jobs where name = 'backup'")
    op.drop_table("backup_plan")
