"""What a check of a site says, and which marks of its pages matched

On a real site a capability has to be proven before it is used to send. The selector hints of V1 go: they named
pages that the site no longer has.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

REASONS = (
    "account_held", "awaiting_first_look", "composer_occupied", "enter_sends", "language_unknown",
    "not_checked", "site_changed",
)  # fmt: skip
REASON_COLUMNS = (("accounts", "stop_reason"), ("campaigns", "reason"), ("actions", "reason"))
CAPABILITIES = (
    "birthdays", "composer", "inbox", "invitations", "own_or_other", "profile", "recipient", "search",
    "send_button", "server_id", "signed_in", "withdraw",
)  # fmt: skip


def change_reasons(change: str) -> None:
    """Rewrite the checks of reasons, starting from what they allow now."""
    for table, column in REASON_COLUMNS:
        name = f"ck_{table}_{column}"
        allowed = op.get_bind().scalar(
            sa.text(
                "select string_agg(m[1], ',') from pg_constraint, "
                "regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g') m where conname = :name"
            ),
            {"name": name},
        )
        reasons = set(allowed.split(","))
        reasons = reasons | set(REASONS) if change == "add" else reasons - set(REASONS)
        listed = ", ".join(f"'{reason}'" for reason in sorted(reasons))
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, f"{column} in ({listed})")


def upgrade() -> None:
    change_reasons("add")
    op.create_table(
        "site_checks",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=True, comment="the mark that decided, if it is not ok"),
        sa.Column("front_end", sa.Text(), nullable=True, comment="the form in which the page was served"),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "seen_live_on", sa.Date(), nullable=True, comment="when a person confirmed a real send with it"
        ),
        sa.Column(
            "supervised_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="of what was sent since then, a person must confirm one",
        ),
        sa.CheckConstraint(
            f"capability in ({', '.join(map(repr, CAPABILITIES))})",
            name=op.f("ck_site_checks_capability"),
        ),
        sa.CheckConstraint("verdict in ('drift', 'ok', 'unknown')", name=op.f("ck_site_checks_verdict")),
        sa.CheckConstraint(
            "verdict <> 'drift' or seen_live_on is null", name=op.f("ck_site_checks_drift_ends_trust")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_site_checks_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "capability", name=op.f("pk_site_checks")),
    )
    op.create_table(
        "mark_matches",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column(
            "version", sa.Text(), nullable=False, comment="the form that matched; empty: none of them did"
        ),
        sa.Column("day", sa.Date(), nullable=False, comment="in UTC"),
        sa.Column("looks", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("looks > 0", name=op.f("ck_mark_matches_looks")),
        sa.PrimaryKeyConstraint("site", "mark", "version", "day", name=op.f("pk_mark_matches")),
    )
    op.drop_table("selector_hints")


def downgrade() -> None:
    op.create_table(
        "selector_hints",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_selector_hints_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site", "name", "selector", name=op.f("pk_selector_hints")),
    )
    op.drop_table("mark_matches")
    op.drop_table("site_checks")
    listed = ", ".join(f"'{reason}'" for reason in REASONS)
    for table, column in REASON_COLUMNS:
        op.execute(f"update {table} set {column} = 'unexpected' where {column} in ({listed})")
    change_reasons("remove")
