"""The order of events

Each event of the outbox gets a position when its transaction commits, so that positions become visible in their order:
who has read to one misses none before it. Ids of the sequence don't do: a transaction that took one first may commit
last. The trigger is deferred to the commit, where it locks the row of the feed; so no transaction waits for another
before its own end, and none is left without a position.

Each part can be repeated: the index is built outside the transaction.
"""

import sqlalchemy as sa
from alembic import op

from db.concurrent_index import create_index_concurrently

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

FUNCTION = """
create or replace function event_placed() returns trigger language plpgsql as $$
declare
    place bigint;
begin
    insert into event_feed (last_position) values (1)
        on conflict (id) do update set last_position = event_feed.last_position + 1
        returning last_position into place;
    update outbox_events set position = place where id = new.id;
    return null;
end
$$;

do $$
begin
    execute format('alter function event_placed() security definer set search_path = %1$I, pg_temp', current_schema());
end
$$;
revoke all on function event_placed() from public;
"""

PLACE_OLD_ONES = """
with placed as (
    select id, (select coalesce(max(last_position), 0) from event_feed) + row_number() over (order by id) as place
    from outbox_events where position is null
), changed as (
    update outbox_events set position = placed.place from placed where outbox_events.id = placed.id
)
insert into event_feed (last_position) select max(place) from placed having max(place) is not null
on conflict (id) do update set last_position = excluded.last_position
"""


def upgrade() -> None:
    op.create_table(
        "event_feed",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("last_position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_to", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_feed_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_feed")),
        if_not_exists=True,
    )
    op.execute(FUNCTION)
    op.add_column(
        "outbox_events",
        sa.Column("position", sa.BigInteger(), nullable=True, comment="by commit; null until then"),
        if_not_exists=True,
    )
    op.execute("drop trigger if exists event_placed on outbox_events")
    op.execute(
        "create constraint trigger event_placed after insert on outbox_events "
        "deferrable initially deferred for each row execute function event_placed()"
    )
    op.execute(PLACE_OLD_ONES)
    create_index_concurrently("ix_outbox_events_position", "outbox_events", ["position"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_outbox_events_position", "outbox_events")
    op.execute("drop trigger event_placed on outbox_events")
    op.execute("drop function event_placed()")
    op.drop_column("outbox_events", "position")
    op.drop_table("event_feed")
