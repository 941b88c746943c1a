"""No trigger on events

It has nothing left to do since revision 0053. Before there was this revision, that one dropped it, so a database that was
migrated then doesn't have it.
"""

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

WITHOUT_WORK = """
create function action_event_counted() returns trigger language plpgsql as $$
begin
    return null;
end
$$;
do $$
begin
    execute format('alter function action_event_counted() security definer set search_path = %1$I, pg_temp',
        current_schema());
end
$$;
revoke all on function action_event_counted() from public;
create trigger action_event_counted after insert on action_events
    for each row execute function action_event_counted();
"""


def upgrade() -> None:
    op.execute("drop trigger if exists action_event_counted on action_events")
    op.execute("drop function if exists action_event_counted()")


def downgrade() -> None:
    op.execute(WITHOUT_WORK)
