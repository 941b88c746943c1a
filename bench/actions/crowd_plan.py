"""Many accounts on the site without pages, with planned greetings and no limits that matter."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_ACCOUNTS: Final = text("""
with added as (
    insert into accounts (name, site, time_zone)
    select 'a' || n, 'ledger', 'UTC' from generate_series(1, :accounts) n
    returning id
), limits as (
    insert into quota_limits (account_id, kind, per_run, per_day, per_week, gap_min_ms, gap_max_ms)
    select id, 'greet', 1000000, 1000000, 1000000, 0, 0 from added
)
insert into quota_totals select id, 1000000, 1000000 from added
""")
_PLAN: Final = text("""
with people as (
    insert into contacts (account_id, profile_url, full_name)
    select a.id, 'ledger:' || a.name || '/person-' || n, 'Person ' || n
    from accounts a, generate_series(1, :each) n
    returning id, account_id
), runs as (
    insert into campaigns (id, account_id, kind, options, state, correlation_id)
    select gen_random_uuid(), id, 'birthday', '{}', 'planned', 'crowd' from accounts
    returning id, account_id
)
insert into actions (
    id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, correlation_id
)
select gen_random_uuid(), p.account_id, p.id, r.id, 'greet', 'birthday:2026', current_date,
       'Hello ' || p.id, 'crowd'
from people p join runs r on r.account_id = p.account_id
""")


def plan_crowd(session: Session, *, accounts: int, each: int) -> None:
    """Add so many accounts, with so many people and one planned greeting of each person."""
    session.execute(_ACCOUNTS, {"accounts": accounts})
    session.execute(_PLAN, {"each": each})
