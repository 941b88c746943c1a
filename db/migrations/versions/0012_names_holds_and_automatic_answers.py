"""Names that differ, holds, and automatic answers

An action records what its text calls the person, to be compared with the site's name right before the click. A
contact can be on hold until a day. An automatic answer is recorded apart from replies.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

REASONS = (
    "account_paused", "account_stopped", "all_day_limit", "all_week_limit", "already_greeted",
    "awaiting_approval", "breaker_open", "breaker_probe", "broker_unreachable", "campaign_cancelled",
    "campaign_paused", "cannot_tell", "challenge", "contact_replied", "day_limit", "do_not_contact",
    "dropped_by_hand", "expired", "forgotten", "gap", "import_under_way", "invitation_gone", "kill_switch",
    "lease_lapsed", "lease_lost", "limit_page", "no_fresh_template", "no_name", "no_template", "not_approved",
    "not_connected", "not_signed_in", "one_voice", "outside_hours", "profile_gone", "proof_missing",
    "quota_changed", "quota_unreadable", "run_limit", "settled_by_hand", "site_unexpected",
    "site_unreachable", "too_many_attempts", "unexpected", "visited_lately", "week_limit", "written_by_hand",
    "wrong_recipient",
)  # fmt: skip
NEW_REASONS = ("name_differs", "on_hold")
REASON_COLUMNS = (("accounts", "stop_reason"), ("campaigns", "reason"), ("actions", "reason"))

COLUMNS = (
    (
        "actions",
        "called",
        sa.Text(),
        "what the message calls the person: '' without a name; null: not recorded",
    ),
    (
        "contacts",
        "hold_until",
        sa.Date(),
        "no campaign reaches the person before this day in the account's zone",
    ),
    ("contacts", "hold_reason", sa.Text(), "why, as the person who set it wrote"),
    ("contacts", "hold_by", sa.Text(), "who set the hold"),
    ("contacts", "away_until", sa.Date(), "the return date that the person's automatic answer names"),
    (
        "interactions",
        "automatic_at",
        sa.DateTime(timezone=True),
        "when an automatic answer to it came, which is no reply",
    ),
)


def allow_reasons(reasons: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{reason}'" for reason in sorted(reasons))
    for table, column in REASON_COLUMNS:
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} in ({listed})")


def upgrade() -> None:
    for table, column, kind, comment in COLUMNS:
        op.add_column(table, sa.Column(column, kind, nullable=True, comment=comment))
    allow_reasons(REASONS + NEW_REASONS)


def downgrade() -> None:
    listed = ", ".join(f"'{reason}'" for reason in NEW_REASONS)
    for table, column in REASON_COLUMNS:
        op.execute(f"update {table} set {column} = 'unexpected' where {column} in ({listed})")
    allow_reasons(REASONS)
    for table, column, _, _ in reversed(COLUMNS):
        op.drop_column(table, column)
