"""Every move leaves an event

A trigger, because a promise that each query must remember to keep is a hope. It also refuses moves that
worker.rules.lifecycle doesn't list; a test compares the two tables.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOVES = """
    ('proposed', 'planned'), ('proposed', 'skipped'),
    ('planned', 'queued'), ('planned', 'skipped'),
    ('queued', 'claimed'), ('queued', 'planned'),
    ('claimed', 'acting'), ('claimed', 'planned'), ('claimed', 'skipped'), ('claimed', 'failed'),
    ('acting', 'done'), ('acting', 'uncertain'),
    ('uncertain', 'done'), ('uncertain', 'planned'), ('uncertain', 'needs_review'),
    ('needs_review', 'done'), ('needs_review', 'planned'), ('needs_review', 'skipped')
"""

FUNCTION = f"""
create function action_moved() returns trigger language plpgsql as $$
declare
    before text := case when tg_op = 'UPDATE' then old.state end;
    moved_at timestamptz := clock_timestamp();
    head audit_heads%rowtype;
    next_hash bytea;
begin
    if before is not null and (before, new.state) not in (values {MOVES}) then
        raise exception 'an action cannot move from % to %', before, new.state using errcode = 'check_violation';
    end if;
    insert into audit_heads (account_id, seq, hash) values (new.account_id, 0, '') on conflict do nothing;
    select * into head from audit_heads where account_id = new.account_id for update;
    -- db.store.events computes the same from the rows; both must change together.
    next_hash := sha256(head.hash || convert_to(concat_ws(E'\\x1f',
        head.seq + 1, new.id, (extract(epoch from moved_at) * 1000000)::bigint, coalesce(before, '-'), new.state,
        coalesce(new.reason, '-'), new.attempt, current_setting('application_name'), new.correlation_id), 'UTF8'));
    insert into action_events (account_id, seq, action_id, at, from_state, to_state, reason, attempt, actor,
                               correlation_id, hash)
    values (new.account_id, head.seq + 1, new.id, moved_at, before, new.state, new.reason, new.attempt,
            current_setting('application_name'), new.correlation_id, next_hash);
    update audit_heads set seq = head.seq + 1, hash = next_hash where account_id = new.account_id;
    return null;
end
$$
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    op.execute(
        "create trigger action_planned after insert on actions for each row execute function action_moved()"
    )
    op.execute(
        "create trigger action_moved after update of state on actions for each row "
        "when (old.state is distinct from new.state) execute function action_moved()"
    )


def downgrade() -> None:
    op.execute("drop trigger action_planned on actions")
    op.execute("drop trigger action_moved on actions")
    op.execute("drop function action_moved()")
