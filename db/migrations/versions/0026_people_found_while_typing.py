"""People are found while their names are typed, and listed in the order of their names

The words are no column of the table: an index is built while others read and write, a column is not.
"""

import sqlalchemy as sa
from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# As in db.tables.folding at this revision.
SEPARATORS = (
    r"[][{}<>:;!?*_&@#~+=\\/\u0001-\u0020\u0085\u00a1-\u00bf\u1680\u2010-\u206f\u2190-\u2bff\u3000-\u303f\ufe00-\ufe0f"
    r"\U0001f000-\U0001faff-]"
)
SEARCHED = (
    "(((left(folded_name, 500) || ' ') || left(split_part(profile_url, '/in/', 2), 200)) || ' ') || "
    "left(folded_facts, 500)"
)
SEARCH_WORDS = f"array_to_tsvector(array_remove(regexp_split_to_array({SEARCHED}, '{SEPARATORS}+'), ''))"
NAME_ORDER = "left(folded_name, 60)"
MARKED = (
    "forgotten_at is null and (do_not_contact or hold_until is not null or last_greeted_on is not null "
    "or call_by is not null)"
)


def upgrade() -> None:
    create_index_concurrently(
        "ix_contacts_search_words",
        "contacts",
        [sa.text(SEARCH_WORDS)],
        using="gin",
        where="forgotten_at is null",
    )
    create_index_concurrently(
        "ix_contacts_name_order",
        "contacts",
        ["account_id", sa.text(f"({NAME_ORDER})"), "id"],
    )  # whole: without statistics, a condition would count as met by hardly anybody, and joins scan it again
    create_index_concurrently("ix_contacts_marked", "contacts", ["account_id"], where=MARKED)
    create_index_concurrently("ix_changes_about", "changes", ["about", "id"])


def downgrade() -> None:
    op.drop_index("ix_changes_about", "changes")
    op.drop_index("ix_contacts_marked", "contacts")
    op.drop_index("ix_contacts_name_order", "contacts")
    op.drop_index("ix_contacts_search_words", "contacts")
