"""Many people were forgotten

A contact that is inserted is compared with the beginnings of all tombstones, as one text, before it is looked up by its
hash. With many tombstones, building the text and searching it takes longer than looking up. So where there are none,
nothing is computed, and where there are many, each contact is looked up.
"""

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

REMEMBER_FEW = """
create or replace function last_ones_in() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('tombstones', 0));
    perform set_config('rapport.tombstones', (
        select case count(*) when 0 then 'none' when 1001 then 'many'
                   else string_agg(left(encode(fingerprint, 'hex'), 8), ' ') end
        from (select fingerprint from tombstones where lifted_at is null limit 1001) first_ones
    ), true);
    return null;
end
$$
"""
# What the statement's trigger didn't set can't say that nobody was forgotten, so then each contact is looked up.
LOOK_UP_FEW = """
create or replace trigger contact_passed_over before insert on contacts for each row
    when (case coalesce(current_setting('rapport.tombstones', true), '')
              when 'none' then false
              when 'many' then true
              when '' then true
              else position(left(encode(sha256(convert_to(new.profile_url, 'UTF8')), 'hex'), 8)
                            in current_setting('rapport.tombstones', true)) > 0
          end)
    execute function contact_passed_over()
"""

REMEMBER_ALL = """
create or replace function last_ones_in() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('tombstones', 0));
    perform set_config('rapport.tombstones', (
        select coalesce(string_agg(left(encode(fingerprint, 'hex'), 8), ' '), '')
        from tombstones where lifted_at is null
    ), true);
    return null;
end
$$
"""
LOOK_UP_BY_TEXT = """
create or replace trigger contact_passed_over before insert on contacts for each row
    when (coalesce(position(left(encode(sha256(convert_to(new.profile_url, 'UTF8')), 'hex'), 8)
                            in current_setting('rapport.tombstones', true)) > 0, true))
    execute function contact_passed_over()
"""


def upgrade() -> None:
    op.execute(LOOK_UP_FEW)  # first: it also understands what the old function sets
    op.execute(REMEMBER_FEW)


def downgrade() -> None:
    op.execute(REMEMBER_ALL)
    op.execute(LOOK_UP_BY_TEXT)
