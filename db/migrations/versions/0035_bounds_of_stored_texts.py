"""Bounds of stored texts

Each table's checks are added without looking at its rows, which takes a moment; from then on new rows obey them. Texts
that are too long already are cut, with an ellipsis at their end, and stored readings of profiles that are too large are
deleted, to be read again. Then the checks are validated, which blocks nobody. Each step has a transaction of its own and
may be repeated.
"""

from collections.abc import Mapping

from alembic import op

from db import migrate

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TEXT, ERROR, NAME, LINE, PROFILE_BYTES = 5_000, 1_000, 500, 200, 1_000_000
FACT = 300

BOUNDS: Mapping[str, Mapping[str, int]] = {
    "actions": {"message": TEXT, "detail": ERROR, "called": NAME, "approved_by": LINE},
    "campaigns": {"detail": ERROR},
    "contacts": {"full_name": NAME, "call_by": NAME, "email": NAME, "hold_reason": LINE, "hold_by": LINE},
    "decisions": {"decided_by": LINE},
    "exclusions": {"note": ERROR},
    "identity_changes": {"changed_by": LINE},
    "import_doubts": {"name": NAME},
    "imports": {"file_name": NAME, "started_by": LINE},
    "interactions": {"message": TEXT, "reply": TEXT},
    "kill_switch": {"pulled_by": LINE},
    "message_templates": {"body": TEXT},
    "quota_changes": {"changed_by": LINE},
    "subscriptions": {"title": NAME},
    "tombstones": {"lifted_by": LINE},
}
"""Characters of each column."""

JSON_TABLES = ("contacts", "profiles")

OLD_REFUSALS = (
    "bad_body", "bad_command", "bad_envelope", "bad_event", "bad_header", "bad_reply", "bad_text", "bad_unacked",
    "not_json", "scheduled", "too_deep", "too_large", "unknown_task",
)  # fmt: skip

CUT_PROFILE = f"""
    case when octet_length(profile::text) <= {PROFILE_BYTES} then profile else (
        select coalesce(jsonb_object_agg(key, to_jsonb(left(value #>> '{{}}', {FACT}))), '{{}}')
        from (select key, value from jsonb_each(profile) where jsonb_typeof(value) = 'string' limit 100) as texts
    ) end
"""

CUT_TEMPLATES = f"""
update message_templates set body = left(body, {TEXT - 100}) || '… ' || id, enabled = false where length(body) > {TEXT}
"""
"""No worker reads one of more than 4 000 characters. Its id keeps it different from others with the same beginning."""


def checks_of(table: str) -> dict[str, str]:
    """Return the conditions of a table's checks by name."""
    checks = {
        f"short_{column}": f"length({column}) <= {most}" for column, most in BOUNDS.get(table, {}).items()
    }
    if table in JSON_TABLES:
        checks["short_profile"] = f"octet_length(profile::text) <= {PROFILE_BYTES}"
    return {f"ck_{table}_{name}": condition for name, condition in checks.items()}


def cut_table(table: str) -> str:
    """Return the update that cuts all long columns of a row at once: a row that obeys one check only is refused."""
    values = {
        column: f"case when length({column}) <= {most} then {column} else left({column}, {most - 1}) || '…' end"
        for column, most in BOUNDS[table].items()
    }
    if table == "contacts":
        values["profile"] = CUT_PROFILE
    assigned = ", ".join(f"{column} = {value}" for column, value in values.items())
    return f"update {table} set {assigned} where not ({' and '.join(checks_of(table).values())})"


def replace_refusals(reasons: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{reason}'" for reason in sorted(reasons))
    return (
        "alter table refused_messages drop constraint ck_refused_messages_reason, "
        f"add constraint ck_refused_messages_reason check (reason in ({listed}))"
    )


def upgrade() -> None:
    op.execute(replace_refusals((*OLD_REFUSALS, "unknown_version")))
    with op.get_context().autocommit_block():
        op.execute(f"set lock_timeout = {migrate.LOCK_TIMEOUT_MS}")
        for table in sorted({*BOUNDS, *JSON_TABLES}):
            parts = [
                f"drop constraint if exists {name}, add constraint {name} check ({condition}) not valid"
                for name, condition in checks_of(table).items()
            ]
            op.execute(f"alter table {table} {', '.join(parts)}")
        op.execute(CUT_TEMPLATES)
        for table in BOUNDS:
            op.execute(cut_table(table))
        op.execute(f"delete from profiles where octet_length(profile::text) > {PROFILE_BYTES}")
        for table in sorted({*BOUNDS, *JSON_TABLES}):
            for name in checks_of(table):
                op.execute(f"alter table {table} validate constraint {name}")
        op.execute("reset lock_timeout")


def downgrade() -> None:
    op.execute(replace_refusals(OLD_REFUSALS))
    for table in sorted({*BOUNDS, *JSON_TABLES}):
        parts = [f"drop constraint {name}" for name in checks_of(table)]
        op.execute(f"alter table {table} {', '.join(parts)}")
