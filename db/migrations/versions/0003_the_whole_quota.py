"""The whole quota

Limits grow hours and reserved shares; new are totals, cuts, epochs, and the fallback's own charges and gates.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


OLD_REASONS = (
    "account_paused",
    "account_stopped",
    "already_greeted",
    "broker_unreachable",
    "campaign_cancelled",
    "campaign_paused",
    "cannot_tell",
    "challenge",
    "contact_replied",
    "day_limit",
    "do_not_contact",
    "gap",
    "kill_switch",
    "lease_lapsed",
    "lease_lost",
    "limit_page",
    "no_template",
    "not_connected",
    "not_signed_in",
    "profile_gone",
    "proof_missing",
    "quota_unreadable",
    "run_limit",
    "settled_by_hand",
    "site_unexpected",
    "site_unreachable",
    "too_many_attempts",
    "unexpected",
    "week_limit",
    "wrong_recipient",
)
NEW_REASONS = (
    "all_day_limit",
    "all_week_limit",
    "breaker_open",
    "breaker_probe",
    "outside_hours",
    "quota_changed",
)
REASON_COLUMNS = (("accounts", "stop_reason"), ("campaigns", "reason"), ("actions", "reason"))
LIMIT_CHECKS = {
    "hours": "0 <= opens_minute and opens_minute < closes_minute and closes_minute <= 1440",
    "days": "1 <= days and days <= 127",
    "reserved": "0 <= reserved_per_day and reserved_per_day <= per_day",
}


def allow_reasons(reasons: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{reason}'" for reason in sorted(reasons))
    for table, column in REASON_COLUMNS:
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} in ({listed})")


def upgrade() -> None:
    allow_reasons(OLD_REASONS + NEW_REASONS)
    op.create_table(
        "quota_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="a kind, or: total, warm_up, breaker"),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quota_changes_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_changes")),
    )
    op.create_index("ix_quota_changes_account_id", "quota_changes", ["account_id", "id"], unique=False)
    op.create_table(
        "quota_charges",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reservation_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('collect', 'greet', 'visit')", name=op.f("ck_quota_charges_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quota_charges_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", "reservation_id", name=op.f("pk_quota_charges")),
    )
    op.create_table(
        "quota_cuts",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cut_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('collect', 'greet', 'visit')", name=op.f("ck_quota_cuts_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quota_cuts_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_quota_cuts")),
    )
    op.create_table(
        "quota_epochs",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("fallback", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quota_epochs_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_quota_epochs")),
    )
    op.create_table(
        "quota_gates",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("gap_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("openings", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probe", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('collect', 'greet', 'visit')", name=op.f("ck_quota_gates_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quota_gates_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_quota_gates")),
    )
    op.create_table(
        "quota_totals",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("per_day", sa.BigInteger(), nullable=False),
        sa.Column("per_week", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("0 <= per_day and per_day <= per_week", name=op.f("ck_quota_totals_counts")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quota_totals_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_quota_totals")),
    )
    op.add_column(
        "accounts",
        sa.Column(
            "warm_up_on",
            sa.Date(),
            nullable=True,
            comment="when its limits began to ramp up; null: they need not",
        ),
    )
    op.create_index(
        "ix_actions_acting_since",
        "actions",
        ["account_id", "acting_since"],
        unique=False,
        postgresql_where=sa.text("acting_since is not null"),
    )
    op.create_index("ix_actions_created_at", "actions", ["created_at", "id"], unique=False)
    op.create_index("ix_interactions_account_id", "interactions", ["account_id", "id"], unique=False)
    op.add_column(
        "quota_limits",
        sa.Column(
            "opens_minute",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="wall clock, from midnight",
        ),
    )
    op.add_column(
        "quota_limits",
        sa.Column("closes_minute", sa.BigInteger(), server_default=sa.text("1440"), nullable=False),
    )
    op.add_column(
        "quota_limits",
        sa.Column(
            "days", sa.BigInteger(), server_default=sa.text("127"), nullable=False, comment="bit 0 is Monday"
        ),
    )
    op.add_column(
        "quota_limits",
        sa.Column("reserved_per_day", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    for name, condition in LIMIT_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_quota_limits_{name}"), "quota_limits", condition)


def downgrade() -> None:
    listed = ", ".join(f"'{reason}'" for reason in NEW_REASONS)
    for table, column in REASON_COLUMNS:
        op.execute(f"update {table} set {column} = 'unexpected' where {column} in ({listed})")
    allow_reasons(OLD_REASONS)
    for name in LIMIT_CHECKS:
        op.drop_constraint(op.f(f"ck_quota_limits_{name}"), "quota_limits", type_="check")
    op.drop_column("quota_limits", "reserved_per_day")
    op.drop_column("quota_limits", "days")
    op.drop_column("quota_limits", "closes_minute")
    op.drop_column("quota_limits", "opens_minute")
    op.drop_index("ix_interactions_account_id", table_name="interactions")
    op.drop_index("ix_actions_created_at", table_name="actions")
    op.drop_index(
        "ix_actions_acting_since", table_name="actions", postgresql_where=sa.text("acting_since is not null")
    )
    op.drop_column("accounts", "warm_up_on")
    op.drop_table("quota_totals")
    op.drop_table("quota_gates")
    op.drop_table("quota_epochs")
    op.drop_table("quota_cuts")
    op.drop_table("quota_charges")
    op.drop_index("ix_quota_changes_account_id", table_name="quota_changes")
    op.drop_table("quota_changes")
