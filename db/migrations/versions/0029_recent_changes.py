"""Recent changes

Triggers note each transaction that changes what a page of the console shows. Moves of actions, and people who are
imported or found, have totals that grow already (0022). A note is a row, visible with its transaction's commit, however
long that took; numbers of a sequence would be passed by those of transactions that commit later. Each trigger fires once
for a statement, and a transaction has one row, so no writer waits for another.

Each trigger is created in a transaction of its own: whoever waits for one table holds no other.
"""

import sqlalchemy as sa
from alembic import op

from db import migrate

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

FUNCTION = """
create or replace function change_noted() returns trigger language plpgsql as $$
begin
    insert into recent_changes (xid) values (pg_current_xact_id()::text::bigint) on conflict do nothing;
    if found and (select at from recent_changes order by xid limit 1) < now() - interval '1 hour' then
        delete from recent_changes where xid in (
            select xid from recent_changes where at < now() - interval '1 hour' limit 100 for update skip locked
        );
    end if;
    return null;
end
$$;

do $$
begin
    execute format('alter function change_noted() security definer set search_path = %1$I, pg_temp', current_schema());
end
$$;
revoke all on function change_noted() from public;
"""

COLUMNS = {
    "accounts": "name, time_zone, status, stop_reason, warm_up_on, session_proven_at, session_expires_at, removed_at",
    "actions": "message, approved_by",
    "campaigns": "state, reason, detail, preview",
    "console_users": "role, disabled_at",
    "contacts": (
        "full_name, call_by, by_hand, language, birth_month, birth_day, status, do_not_contact, hold_until, "
        "away_until, moved_to, forgotten_at"
    ),
    "import_doubts": "settled_at",
    "interactions": "replied_at, automatic_at",
    "schedules": "cron, options, enabled, next_fire_at",
    "subscriptions": "title, failure, next_at, read_at",
}
"""Columns that pages show. An update of others alone, such as a lease, is not noted."""

WHOLE = (
    "console_sessions", "exclusions", "identity_changes", "imports", "kill_switch", "quota_cuts", "quota_limits",
    "quota_totals", "site_checks",
)  # fmt: skip

EVENTS = {
    # New actions and interactions of ours come with an event; those of an import with a contact.
    "actions": "update",
    "interactions": "update",
    # What lasts as long as a session ends with it. A use is noted in its row.
    "console_sessions": "delete",
}


def upgrade() -> None:
    op.create_table(
        "recent_changes",
        sa.Column("xid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("xid", name=op.f("pk_recent_changes")),
        if_not_exists=True,
    )
    op.execute(FUNCTION)
    with op.get_context().autocommit_block():
        op.execute(f"set lock_timeout = {migrate.LOCK_TIMEOUT_MS}")
        for table in sorted([*COLUMNS, *WHOLE]):
            columns = f" of {COLUMNS[table]}" if table in COLUMNS else ""
            when = EVENTS.get(table, "insert or delete or update")
            op.execute(
                f"create or replace trigger change_noted after {when}{columns} on {table} "
                "for each statement execute function change_noted()"
            )
        op.execute("reset lock_timeout")


def downgrade() -> None:
    for table in (*COLUMNS, *WHOLE):
        op.execute(f"drop trigger change_noted on {table}")
    op.execute("drop function change_noted()")
    op.drop_table("recent_changes")
