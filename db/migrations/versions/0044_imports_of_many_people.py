"""Imports of many people

For each new contact a trigger asked whether its account has any exclusions, which most have not. It now asks once for
each statement that adds contacts. Whoever excludes a person has the contact before them, or locks imports out, so
an exclusion that is added while the statement runs is of nobody whom it adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

ASKED = "exists (select from exclusions e where e.account_id = new.account_id)"
REMEMBERED = "account_has_exclusions(new.account_id)"
COLUMNS = "profile_url, full_name, member_url"

REMEMBER = """
create function account_has_exclusions(account bigint) returns boolean language plpgsql as $$
begin
    if exists (select from exclusions e where e.account_id = account) then
        return true;
    end if;
    perform set_config('rapport.nobody_excluded', account::text, true);
    return false;
end
$$;
create function exclusions_unknown() returns trigger language plpgsql as $$
begin
    perform set_config('rapport.nobody_excluded', '', true);
    return null;
end
$$;
create or replace trigger exclusions_unknown before insert on contacts
    for each statement execute function exclusions_unknown();
create or replace trigger contact_left_alone before insert on contacts for each row
    when (current_setting('rapport.nobody_excluded', true) is distinct from new.account_id::text)
    execute function contact_left_alone();
"""
LATER = f"""
create or replace trigger contact_left_alone_later before update of {COLUMNS} on contacts
    for each row execute function contact_left_alone()
"""

FORGET = f"""
drop trigger contact_left_alone_later on contacts;
create or replace trigger contact_left_alone before insert or update of {COLUMNS} on contacts
    for each row execute function contact_left_alone();
drop trigger exclusions_unknown on contacts;
drop function exclusions_unknown();
drop function account_has_exclusions(bigint);
"""


def redefine(old: str, new: str) -> None:
    """Replace a part of the text of contact_left_alone; fails if it is not there."""
    definition = op.get_bind().scalar(sa.text("select pg_get_functiondef('contact_left_alone'::regproc)"))
    if old not in definition:
        raise ValueError("contact_left_alone has another text than this migration expects")
    op.get_bind().exec_driver_sql(definition.replace(old, new).replace("%", "%%"))


def upgrade() -> None:
    op.execute(REMEMBER)
    op.execute(LATER)
    redefine(ASKED, REMEMBERED)


def downgrade() -> None:
    redefine(REMEMBERED, ASKED)
    op.execute(FORGET)
