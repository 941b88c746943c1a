"""Decisions on proposals can be taken back

A dropped proposal becomes one again only for a stored decision of the last 30 seconds that was not taken back yet:
the trigger asks. Every other way out of an end state stays closed.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

OLD = """        raise exception 'an action cannot move from % to %', before, new.state using errcode = 'check_violation';
"""
NEW = """        if before <> 'skipped' or new.state <> 'proposed' or not exists (
            select from decisions d
            where d.action_id = new.id and d.undone_at is null and d.choice in ('dropped', 'never')
              and d.decided_at > now() - interval '30 seconds'
        ) then
            raise exception 'an action cannot move from % to %', before, new.state using errcode = 'check_violation';
        end if;
"""


def redefine(function: str, old: str, new: str) -> None:
    """Replace a part of a function's text; fails if it is not there."""
    definition = op.get_bind().scalar(
        sa.text("select pg_get_functiondef(cast(:f as regproc))"), {"f": function}
    )
    if old not in definition:
        raise ValueError(f"{function} has another text than this migration expects")
    op.get_bind().exec_driver_sql(definition.replace(old, new).replace("%", "%%"))


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "before", postgresql.JSONB(), nullable=False, comment="what the decision changed, as it was"
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "choice in ('approved', 'dropped', 'held', 'never')", name=op.f("ck_decisions_choice")
        ),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_decisions_action_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", "action_id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_action_id", "decisions", ["action_id"])
    op.create_index("ix_decisions_decided_by", "decisions", ["decided_by", "decided_at"])
    redefine("action_moved", OLD, NEW)


def downgrade() -> None:
    redefine("action_moved", NEW, OLD)
    op.drop_table("decisions")
