"""Room for updates

A greeting sets one date of its contact. An index had that date in its condition, so each greeting wrote a new row into
all indexes of contacts, those of the search too. Without it, and with room left on each page, Postgres writes the row
next to the old one and no index. The large tables are vacuumed after every fiftieth row instead of every fifth: at ten
million rows that is two million dead ones, or two million that index-only scans look up in the table.
"""

import sqlalchemy as sa
from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

FLAGGED = "forgotten_at is null and (do_not_contact or hold_until is not null or call_by is not null)"
MARKED = (
    "forgotten_at is null and (do_not_contact or hold_until is not null or last_greeted_on is not null "
    "or call_by is not null)"
)
_UPDATED = {"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_analyze_scale_factor": "0.02"}
_ADDED_TO = {"autovacuum_vacuum_insert_scale_factor": "0.02", "autovacuum_analyze_scale_factor": "0.02"}
SETTINGS = {
    "actions": _UPDATED,
    "action_events": _ADDED_TO,
    "contacts": {"fillfactor": "90", **_UPDATED},
    "interactions": _ADDED_TO,
}


def upgrade() -> None:
    create_index_concurrently("ix_contacts_flagged", "contacts", ["account_id"], where=FLAGGED)
    for table, settings in SETTINGS.items():
        there = _read_settings(table)
        # one that is there is the operator's, who knows this machine
        missing = [f"{name} = {value}" for name, value in settings.items() if name not in there]
        if missing:
            op.execute(f"alter table {table} set ({', '.join(missing)})")
    # last, because it locks out readers of contacts, who would also wait for the other tables' locks
    op.drop_index("ix_contacts_marked", "contacts", if_exists=True)


def downgrade() -> None:
    for table, settings in SETTINGS.items():
        there = _read_settings(table)
        ours = [name for name, value in settings.items() if there.get(name) == value]
        if ours:
            op.execute(f"alter table {table} reset ({', '.join(ours)})")
    op.create_index("ix_contacts_marked", "contacts", ["account_id"], postgresql_where=sa.text(MARKED))
    op.drop_index("ix_contacts_flagged", "contacts")


def _read_settings(table: str) -> dict[str, str]:
    found = sa.text("select unnest(reloptions) from pg_class where oid = to_regclass(:table)")
    return dict(option.split("=", 1) for option in op.get_bind().scalars(found, {"table": table}))
