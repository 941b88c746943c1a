"""Add an index to a large table from a migration, without blocking those who write to it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

_LONGEST_WAIT = "10 min"
"""It waits for the transactions that are open, a dump's too; nobody waits for it meanwhile."""


def create_index_concurrently(
    name: str,
    table: str,
    columns: Sequence[str | sa.TextClause],
    *,
    unique: bool = False,
    using: str | None = None,
    where: str | None = None,
) -> None:
    """Create the index outside a transaction, in place of an invalid one that an interrupted build has left.

    What the revision did before is committed first, so the index should be all that the revision does.
    """
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        invalid = connection.scalar(
            sa.text("select not indisvalid from pg_index where indexrelid = to_regclass(:name)"),
            {"name": name},
        )
        connection.execute(sa.text(f"set lock_timeout = '{_LONGEST_WAIT}'"))
        if invalid:
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(
            name,
            table,
            list(columns),
            unique=unique,
            postgresql_using=using,
            postgresql_where=sa.text(where) if where else None,
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        connection.execute(sa.text("reset lock_timeout"))
