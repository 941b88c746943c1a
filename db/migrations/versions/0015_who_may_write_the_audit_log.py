"""Who may write the audit log

The trigger that writes it runs with its owner's rights, so the role of the processes needs none on the log. Its
search path is fixed, and nobody else may attach it to a table of their own: a row there would write an event.
Rows of the ledger and the audit log stay, unless their owner deletes them or an import is undone: what refers to
a contact goes with it, and a cascade runs with the owner's rights.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
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

create function ledger_stays() returns trigger language plpgsql as $$
begin
    if not pg_has_role(session_user, (select relowner from pg_class where oid = tg_relid), 'usage') then
        raise exception 'a row of % is never deleted', tg_table_name using errcode = 'insufficient_privilege';
    end if;
    return old;
end
$$;
create trigger ledger_stays before delete on interactions
    for each row when (old.import_id is null) execute function ledger_stays();
create trigger ledger_stays before delete on actions for each row execute function ledger_stays();
create trigger ledger_stays before delete on action_events for each row execute function ledger_stays();
create trigger ledger_stays before delete on audit_heads for each row execute function ledger_stays();
"""

TABLES = ("interactions", "actions", "action_events", "audit_heads")


def upgrade() -> None:
    op.execute(OWNED)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop trigger ledger_stays on {table}")
    op.execute("drop function ledger_stays()")
    op.execute("drop function lock_audit_head(bigint)")
    op.execute("alter function action_moved() security invoker reset all")
    op.execute("grant execute on function action_moved() to public")
