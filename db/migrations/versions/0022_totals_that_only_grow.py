"""Totals that only grow

They are kept by triggers, in the transaction of what they count, so they are exact whatever dies. An account's row
is written only while its audit head or its import is locked, so writers of different accounts never wait for each
other. They refer to no other row: an erasure or a removal takes nothing from them.

What happened so far is counted while everybody works on; with a million actions that takes some seconds. Then the
tables are locked, and what came meanwhile is added. The events of an account are numbered without gaps under the lock
of its head, so those up to a committed head are all there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FUNCTIONS = """
create function action_event_counted() returns trigger language plpgsql as $$
begin
    insert into action_totals (account_id, campaign_kind, kind, from_state, to_state, reason)
    select new.account_id, c.kind, a.kind, coalesce(new.from_state, ''), new.to_state, coalesce(new.reason, '')
    from actions a
    join campaigns c on c.id = a.campaign_id
    where a.id = new.action_id
    on conflict (account_id, campaign_kind, kind, from_state, to_state, reason)
        do update set moves = action_totals.moves + 1;
    return null;
end
$$;

create function found_people_counted() returns trigger language plpgsql as $$
begin
    insert into people_totals (account_id, source, outcome, people)
    select c.account_id, 'sourcing', 'success', count(*)
    from added h
    join campaigns c on c.id = h.campaign_id
    where c.kind = 'sourcing'
    group by c.account_id
    on conflict (account_id, source, outcome) do update set people = people_totals.people + excluded.people;
    return null;
end
$$;

-- The report of an import has these counts at its top; that of a V1 database has them for each of its tables.
create function count_imported(report jsonb) returns table (outcome text, people bigint) language sql immutable as $$
    with part as (
        select report as counts where report ? 'read'
        union all
        select value from jsonb_each(report) where key in ('contacts', 'scraped_profiles')
    ), counted as (
        select p.counts, coalesce((select sum(value::bigint) from jsonb_each_text(p.counts -> 'skipped')), 0) as skipped
        from part p
    )
    select o.outcome, coalesce(sum(o.people), 0)::bigint
    from counted c
    cross join lateral (values
        ('success', coalesce((c.counts ->> 'new')::bigint, 0) + coalesce((c.counts ->> 'changed')::bigint, 0)),
        ('skip', coalesce((c.counts ->> 'same')::bigint, 0) + coalesce((c.counts ->> 'repeated')::bigint, 0)
            + coalesce((c.counts ->> 'doubts')::bigint, 0) + coalesce((c.counts ->> 'forgotten')::bigint, 0) + c.skipped),
        ('failed', coalesce((c.counts ->> 'refused')::bigint, 0))
    ) o (outcome, people)
    where o.people > 0
    group by o.outcome
$$;

create function import_counted() returns trigger language plpgsql as $$
begin
    insert into people_totals (account_id, source, outcome, people)
    select new.account_id, 'import', outcome, people from count_imported(new.report)
    on conflict (account_id, source, outcome) do update set people = people_totals.people + excluded.people;
    return null;
end
$$;

create function total_grows() returns trigger language plpgsql as $$
begin
    raise exception 'a total of % never falls', tg_table_name using errcode = 'check_violation';
end
$$;

do $$
begin
    execute format('alter function action_event_counted() security definer set search_path = %1$I, pg_temp;'
        'alter function found_people_counted() security definer set search_path = %1$I, pg_temp;'
        'alter function import_counted() security definer set search_path = %1$I, pg_temp', current_schema());
end
$$;
revoke all on function action_event_counted(), found_people_counted(), import_counted() from public;
"""

TRIGGERS = """
create trigger action_event_counted after insert on action_events
    for each row execute function action_event_counted();
create trigger found_people_counted after insert on hits
    referencing new table as added for each statement execute function found_people_counted();
create trigger import_counted after update of finished_at on imports
    for each row when (old.finished_at is null and new.finished_at is not null) execute function import_counted();
create trigger total_grows before update on action_totals
    for each row when (new.moves < old.moves) execute function total_grows();
create trigger total_grows before update on people_totals
    for each row when (new.people < old.people) execute function total_grows();
create trigger total_stays before delete on action_totals for each row execute function total_grows();
create trigger total_stays before delete on people_totals for each row execute function total_grows();
"""

COUNTED_HEADS = """
create temporary table counted_heads on commit drop as select account_id, seq from audit_heads
"""

COUNTED_SO_FAR = """
insert into action_totals (account_id, campaign_kind, kind, from_state, to_state, reason, moves)
select e.account_id, c.kind, a.kind, coalesce(e.from_state, ''), e.to_state, coalesce(e.reason, ''), count(*)
from action_events e
join counted_heads h on h.account_id = e.account_id and e.seq <= h.seq
join actions a on a.id = e.action_id
join campaigns c on c.id = a.campaign_id
group by e.account_id, c.kind, a.kind, e.from_state, e.to_state, e.reason
"""

COUNTED_UNDER_LOCK = """
insert into action_totals (account_id, campaign_kind, kind, from_state, to_state, reason, moves)
select e.account_id, c.kind, a.kind, coalesce(e.from_state, ''), e.to_state, coalesce(e.reason, ''), count(*)
from audit_heads h
left join counted_heads k on k.account_id = h.account_id
join action_events e on e.account_id = h.account_id and e.seq > coalesce(k.seq, 0)
join actions a on a.id = e.action_id
join campaigns c on c.id = a.campaign_id
group by e.account_id, c.kind, a.kind, e.from_state, e.to_state, e.reason
on conflict (account_id, campaign_kind, kind, from_state, to_state, reason)
    do update set moves = action_totals.moves + excluded.moves;

insert into people_totals (account_id, source, outcome, people)
select c.account_id, 'sourcing', 'success', count(*)
from hits h
join campaigns c on c.id = h.campaign_id
where c.kind = 'sourcing'
group by c.account_id;

insert into people_totals (account_id, source, outcome, people)
select i.account_id, 'import', o.outcome, sum(o.people)
from imports i
cross join lateral count_imported(i.report) o
where i.finished_at is not null
group by i.account_id, o.outcome;
"""


def upgrade() -> None:
    op.create_table(
        "action_totals",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_kind", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moves", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id",
            "campaign_kind",
            "kind",
            "from_state",
            "to_state",
            "reason",
            name=op.f("pk_action_totals"),
        ),
    )
    op.create_table(
        "people_totals",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("source in ('import', 'sourcing')", name=op.f("ck_people_totals_source")),
        sa.CheckConstraint("outcome in ('failed', 'skip', 'success')", name=op.f("ck_people_totals_outcome")),
        sa.PrimaryKeyConstraint("account_id", "source", "outcome", name=op.f("pk_people_totals")),
    )
    op.execute(FUNCTIONS)
    op.execute(COUNTED_HEADS)
    op.execute(COUNTED_SO_FAR)
    # In the order in which a worker writes to them that keeps a page of a search.
    op.execute("lock table action_events, hits, imports in share row exclusive mode")
    op.execute(TRIGGERS)
    op.execute(COUNTED_UNDER_LOCK)


def downgrade() -> None:
    op.execute("drop trigger action_event_counted on action_events")
    op.execute("drop trigger found_people_counted on hits")
    op.execute("drop trigger import_counted on imports")
    op.drop_table("people_totals")
    op.drop_table("action_totals")
    op.execute(
        "drop function action_event_counted(), found_people_counted(), import_counted(), total_grows()"
    )
    op.execute("drop function count_imported(jsonb)")
