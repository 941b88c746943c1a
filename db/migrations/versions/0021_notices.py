"""Notices: the outbox of events, targets, and deliveries

An event that happened before a target was added is not told to it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True, comment="null: it concerns all accounts"),
        sa.Column("key", sa.Text(), nullable=False, comment="what happened; the same is told once"),
        sa.Column(
            "payload",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="ids, codes, counts and names of accounts",
        ),
        sa.Column(
            "dispatched_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when its deliveries were made",
        ),
        sa.CheckConstraint(
            "kind in ('account_stopped', 'approval_waiting', 'campaign_ended', 'evening_summary', 'morning_digest', 'needs_review', 'nobody_consumes', 'quota_disagreement', 'session_expiring', 'session_refused', 'site_changed', 'test', 'upkeep_late')",
            name=op.f("ck_outbox_events_kind"),
        ),
        sa.CheckConstraint("length(key) <= 200", name=op.f("ck_outbox_events_short_key")),
        sa.CheckConstraint(
            "octet_length(payload::text) <= 8000", name=op.f("ck_outbox_events_short_payload")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_outbox_events_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_events")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_outbox_events_kind_key")),
    )
    op.create_index(
        "ix_outbox_events_undelivered",
        "outbox_events",
        ["id"],
        unique=False,
        postgresql_where=sa.text("dispatched_at is null"),
    )
    op.create_table(
        "notice_targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True, comment="null: told about all accounts"),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column(
            "host", sa.Text(), nullable=True, comment="null: the URL names none, or it may be a secret"
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="URL and signing secret, encrypted"),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=True, comment="null: all kinds"),
        sa.Column(
            "with_texts",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="message texts in digests",
        ),
        sa.Column("with_screenshots", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "last_failed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="null: the last message was sent",
        ),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kinds <@ array['account_stopped', 'approval_waiting', 'campaign_ended', 'evening_summary', 'morning_digest', 'needs_review', 'nobody_consumes', 'quota_disagreement', 'session_expiring', 'session_refused', 'site_changed', 'test', 'upkeep_late'] and cardinality(kinds) > 0",
            name=op.f("ck_notice_targets_kinds"),
        ),
        sa.CheckConstraint(
            "last_error in ('certificate', 'interrupted', 'keys', 'not_found', 'not_sent', 'rate_limited', 'redirected', 'refused', 'server_error', 'sign_in_refused', 'timeout', 'too_old', 'unreachable')",
            name=op.f("ck_notice_targets_last_error"),
        ),
        sa.CheckConstraint(
            "(last_error is null) = (last_failed_at is null)", name=op.f("ck_notice_targets_failed_whole")
        ),
        sa.CheckConstraint("length(name) between 1 and 60", name=op.f("ck_notice_targets_name")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notice_targets_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_targets")),
        sa.UniqueConstraint("name", name=op.f("uq_notice_targets_name")),
    )
    op.create_table(
        "notice_deliveries",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "message_id", sa.Uuid(), nullable=True, comment="kept for retries: receivers know it again"
        ),
        sa.Column("sending_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when it was sent, failed or dropped",
        ),
        sa.Column(
            "maybe_twice",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="its sender died, and it was sent again",
        ),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sending') = (sending_since is not null)",
            name=op.f("ck_notice_deliveries_sending_since"),
        ),
        sa.CheckConstraint(
            "(state in ('sent', 'failed', 'dropped')) = (ended_at is not null)",
            name=op.f("ck_notice_deliveries_ended_at"),
        ),
        sa.CheckConstraint(
            "last_error in ('certificate', 'interrupted', 'keys', 'not_found', 'not_sent', 'rate_limited', 'redirected', 'refused', 'server_error', 'sign_in_refused', 'timeout', 'too_old', 'unreachable')",
            name=op.f("ck_notice_deliveries_last_error"),
        ),
        sa.CheckConstraint(
            "state in ('dropped', 'failed', 'pending', 'sending', 'sent')",
            name=op.f("ck_notice_deliveries_state"),
        ),
        sa.CheckConstraint(
            "state not in ('failed', 'dropped') or last_error is not null",
            name=op.f("ck_notice_deliveries_says_why"),
        ),
        sa.CheckConstraint(
            "state not in ('sending', 'sent') or message_id is not null",
            name=op.f("ck_notice_deliveries_message"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["outbox_events.id"], name=op.f("fk_notice_deliveries_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["notice_targets.id"],
            name=op.f("fk_notice_deliveries_target_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("event_id", "target_id", name=op.f("pk_notice_deliveries")),
    )
    op.create_index(
        "ix_notice_deliveries_ended", "notice_deliveries", ["target_id", "ended_at"], unique=False
    )
    op.create_index("ix_notice_deliveries_message_id", "notice_deliveries", ["message_id"], unique=False)
    op.create_index(
        "ix_notice_deliveries_open",
        "notice_deliveries",
        ["target_id", "event_id"],
        unique=False,
        postgresql_where=sa.text("state in ('pending', 'sending')"),
    )
    op.create_table(
        "notice_totals",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind in ('account_stopped', 'approval_waiting', 'campaign_ended', 'evening_summary', 'morning_digest', 'needs_review', 'nobody_consumes', 'quota_disagreement', 'session_expiring', 'session_refused', 'site_changed', 'test', 'upkeep_late')",
            name=op.f("ck_notice_totals_kind"),
        ),
        sa.CheckConstraint(
            "outcome in ('dropped', 'failed', 'maybe_twice', 'sent')", name=op.f("ck_notice_totals_outcome")
        ),
        sa.PrimaryKeyConstraint("kind", "outcome", name=op.f("pk_notice_totals")),
    )


def downgrade() -> None:
    for table in ("notice_totals", "notice_deliveries", "notice_targets", "outbox_events"):
        op.drop_table(table)
