"""Interactions by day

Triggers add a row for each statement, day and type that changes interactions, so the sums are exact. A row is only
inserted, never updated: whoever records what happened waits for nobody else, also while an import runs. Upkeep merges
the rows of a day.

The function has its owner's rights: the processes get theirs on the new table only when all revisions are in place, and
record what happens also until then.

What happened so far is counted while the table is locked against changes; a million interactions take two seconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

FUNCTION = """
create function interactions_counted() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into interactions_by_day (account_id, day, type, happened, answered)
        select n.account_id, (n.created_at at time zone a.time_zone)::date, n.type, count(*), count(n.replied_at)
        from added n
        join accounts a on a.id = n.account_id
        group by 1, 2, 3;
    elsif tg_op = 'DELETE' then
        insert into interactions_by_day (account_id, day, type, happened, answered)
        select o.account_id, (o.created_at at time zone a.time_zone)::date, o.type, -count(*), -count(o.replied_at)
        from removed o
        join accounts a on a.id = o.account_id
        group by 1, 2, 3;
    else
        insert into interactions_by_day (account_id, day, type, happened, answered)
        select c.account_id, (c.created_at at time zone a.time_zone)::date, c.type, sum(c.happened), sum(c.answered)
        from (
            select account_id, created_at, type, 1 as happened, num_nonnulls(replied_at) as answered from added
            union all
            select account_id, created_at, type, -1, -num_nonnulls(replied_at) from removed
        ) c
        join accounts a on a.id = c.account_id
        group by 1, 2, 3
        having sum(c.happened) <> 0 or sum(c.answered) <> 0;
    end if;
    return null;
end
$$;

do $$
begin
    execute format(
        'alter function interactions_counted() security definer set search_path = %1$I, pg_temp', current_schema()
    );
end
$$;
revoke all on function interactions_counted() from public;
"""

TRIGGERS = """
create trigger interactions_added after insert on interactions
    referencing new table as added for each statement execute function interactions_counted();
create trigger interactions_removed after delete on interactions
    referencing old table as removed for each statement execute function interactions_counted();
create trigger interactions_changed after update on interactions
    referencing old table as removed new table as added for each statement execute function interactions_counted();
"""

COUNTED_SO_FAR = """
insert into interactions_by_day (account_id, day, type, happened, answered)
select i.account_id, (i.created_at at time zone a.time_zone)::date, i.type, count(*), count(i.replied_at)
from interactions i
join accounts a on a.id = i.account_id
group by 1, 2, 3
"""


def upgrade() -> None:
    op.create_table(
        "interactions_by_day",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("happened", sa.BigInteger(), nullable=False),
        sa.Column(
            "answered", sa.BigInteger(), nullable=False, comment="how many of these have a reply by now"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interactions_by_day")),
    )
    op.create_index("ix_interactions_by_day_account_id_day", "interactions_by_day", ["account_id", "day"])
    op.execute("lock table interactions in share row exclusive mode")
    op.execute(FUNCTION)
    op.execute(TRIGGERS)
    op.execute(COUNTED_SO_FAR)


def downgrade() -> None:
    op.execute("drop trigger interactions_added on interactions")
    op.execute("drop trigger interactions_removed on interactions")
    op.execute("drop trigger interactions_changed on interactions")
    op.execute("drop function interactions_counted()")
    op.drop_table("interactions_by_day")
