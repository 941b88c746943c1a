"""The last greeting of a contact is the day on which it was sent, no longer the birthday

Contacts that were greeted late get the later of the two.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COMMENT = "the day in the account's zone on which the last greeting was sent"


def upgrade() -> None:
    op.alter_column("contacts", "last_greeted_on", existing_type=sa.Date(), comment=_COMMENT)
    op.execute("""
        update contacts c
        set last_greeted_on = sent.last_on
        from (
            select g.contact_id, max(cast(timezone(o.time_zone, g.at) as date)) as last_on
            from (
                select account_id, contact_id, acting_since as at
                from actions
                where kind = 'greet' and state = 'done'
                union all
                select account_id, contact_id, created_at
                from interactions
                where type = 'greet' and action_id is null
            ) g
            join accounts o on o.id = g.account_id
            group by g.contact_id
        ) sent
        where c.id = sent.contact_id and c.last_greeted_on < sent.last_on
    """)


def downgrade() -> None:
    op.alter_column("contacts", "last_greeted_on", existing_type=sa.Date(), comment=None)
