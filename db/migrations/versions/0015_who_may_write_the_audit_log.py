"""Who may write the audit log

The trigger that writes it runs with its owner's rights, so the role of the processes needs none on the log. Its
search path is fixed, and nobody else may attach it to a table of their own: a row there would write an event.
An interaction is never deleted, unless an import brought it and is undone.
"""

from alembic import op

revision = "0015"
down_revision = "0011"
branch_labels = None
depends_on = None

OWNED = """
do $$
begin
    execute format('alter function action_moved() security definer set search_path = %I, pg_temp', current_schema());
    execute format($f$
        create function lock_audit_head(account bigint) returns void language sql
        security definer set search_path = %I, pg_temp as $body$
            insert into audit_heads (account_id, seq, hash) values (account, 0, '') on conflict do nothing;
            select seq from audit_heads where account_id = account for update;
        $body$ $f$, current_schema());
end
$$;
revoke all on function action_moved(), lock_audit_head(bigint) from public;

create function interaction_stays() returns trigger language plpgsql as $$
begin
    raise exception 'an interaction is never deleted' using errcode = 'check_violation';
end
$$;
create trigger interaction_stays before delete on interactions
    for each row when (old.import_id is null) execute function interaction_stays();
"""


def upgrade() -> None:
    op.execute(OWNED)


def downgrade() -> None:
    op.execute("drop trigger interaction_stays on interactions")
    op.execute("drop function interaction_stays()")
    op.execute("drop function lock_audit_head(bigint)")
    op.execute("alter function action_moved() security invoker reset all")
    op.execute("grant execute on function action_moved() to public")
