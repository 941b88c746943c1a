"""The rows on which the plans are asked for: 100 000 in the big tables, some thousands in the others."""

ROWS = 100000
FILL = f"""
set session_replication_role = replica;  -- no trigger and no foreign key looks: it is ten times as fast

insert into accounts (name, site, time_zone) select 'account ' || n, 'sandbox', 'UTC'
from generate_series(1, 100) n;

insert into campaigns (id, account_id, kind, options, state, correlation_id, created_at)
select gen_random_uuid(), 1 + n % 100, 'birthday', '{{}}',
       case n % 200 when 0 then 'reading' when 100 then 'cancelled' else 'planned' end, 'x',
       now() - n * interval '1 hour'
from generate_series(1, 5000) n;

insert into contacts (account_id, profile_url, full_name, birth_month, birth_day, status, score, created_at)
select 1 + n % 100, 'https://sandbox.test/in/' || n, 'Person ' || n,
       extract(month from day), extract(day from day),
       case when n % 20 = 0 then 'prospect' else 'connected' end, n % 101, now() - n * interval '1 minute'
from (select n, date '2028-01-01' + (n / 100) % 366 as day from generate_series(1, {ROWS}) n) days;

-- ten years of greetings: nearly all done, a few planned for each account, a few in flight
insert into actions (id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, state,
                     reason, not_before, lease_until, correlation_id, created_at,
                     acting_since, acting_attempt)
select gen_random_uuid(), c.account_id, c.id, camp.id, 'greet', 'birthday:2026', date '2026-01-01', 'Hi',
       case when c.id <= 40 then 'claimed'
            when c.id % 100 <> 0 and c.id % 61 = 0 then 'planned' else 'done' end,
       case when c.id % 61 = 0 and c.id > 40 then 'gap' end,
       now() - c.id * interval '1 second',
       case when c.id <= 40 then now() + interval '1 minute' - c.id * interval '3 seconds' end,
       'x', now() - interval '1 day', now() - c.id * interval '1 minute', 1
from contacts c
join (select id, row_number() over (order by id) - 1 as n from campaigns) camp on camp.n = c.id % 5000;

-- one contact in fifty was visited
insert into actions (id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, state,
                     correlation_id, created_at, acting_since, acting_attempt)
select gen_random_uuid(), c.account_id, c.id, camp.id, 'visit', 'visit:2026-W01', date '2026-01-01', '',
       'done', 'x', now() - c.id * interval '1 minute', now() - c.id * interval '1 minute', 1
from contacts c
join (select id, row_number() over (order by id) - 1 as n from campaigns) camp on camp.n = c.id % 5000
where c.id % 50 = 3;

insert into interactions (account_id, contact_id, action_id, type, status, occasion, message, correlation_id,
                          created_at)
select account_id, contact_id, id, kind, 'sent', occasion, message, 'x',
       now() - contact_id * interval '1 minute'
from actions;

-- a hundred searches that found a thousand people each
insert into hits (campaign_id, contact_id, page, score, reasons)
select camp.id, c.id, 1 + c.id / 10, case when c.id % 10 > 0 then c.id % 101 end,
       case when c.id % 10 > 0 then '[]'::jsonb end
from contacts c
join (select id, row_number() over (order by id) as n from campaigns) camp on camp.n = 1 + c.id % 100;

insert into profiles (contact_id, profile) select id, '{{}}' from contacts where id % 3 = 0;

-- their options are as long as the criteria of a search
insert into schedules (account_id, kind, cron, next_fire_at, options)
select a.id, kind, '0 7 * * *', now() + a.id * interval '1 minute' - interval '3 minutes',
       jsonb_build_object('criteria', repeat('x', 1000))
from accounts a, unnest(array['birthday', 'visitor', 'sourcing']) kind;

analyze;
"""

FILL_SMALL = """
set session_replication_role = replica;

-- three events of one action in a hundred; the next one of each account has a higher number
insert into action_events (account_id, seq, action_id, at, to_state, reason, attempt, actor, correlation_id,
                           hash)
select a.account_id, row_number() over (partition by a.account_id order by a.created_at, a.id, move.n), a.id,
       a.created_at + move.n * interval '1 second', move.state,
       case when move.n = 3 and a.contact_id % 7 = 0 then 'gap' end, 1, 'tests', 'x', '\\x00'
from actions a, (values (1, 'queued'), (2, 'acting'), (3, 'done')) move (n, state)
where a.contact_id / 100 % 100 = 0;

insert into audit_heads (account_id, seq, hash)
select account_id, max(seq), '\\x00' from action_events group by account_id;

insert into interactions_by_day (account_id, day, type, happened, answered)
select account_id, date '2027-01-01' + day, 'greet', 5, 0
from generate_series(1, 100) account_id, generate_series(1, 100) day;

insert into decisions (id, action_id, choice, decided_by, decided_at, before)
select gen_random_uuid(), id, 'approved', 'user ' || row_number() over () % 100,
       now() - row_number() over () * interval '1 minute', '{}'
from actions limit 5000;

insert into changes (by, change, about) select 'tests', 'account.pause', 'account ' || n % 1000
from generate_series(1, 5000) n;

insert into quota_changes (account_id, what, changed_by) select 1 + n % 100, 'greet', 'tests'
from generate_series(1, 5000) n;

insert into idempotent_answers (key_hash, attempt, started_at)
select sha256(n::text::bytea), gen_random_uuid(), now() - n * interval '1 second'
from generate_series(1, 5000) n;

insert into console_users (name, role) select 'user-' || n, 'viewer' from generate_series(1, 1000) n;

insert into console_sessions (id, user_id, token_hash, address, browser, system)
select gen_random_uuid(), 1 + n % 1000, sha256(n::text::bytea), '', '', '' from generate_series(1, 3000) n;

insert into console_links (id, user_id, token_hash, expires_at)
select gen_random_uuid(), 1 + n % 1000, sha256(n::text::bytea), now() + interval '1 day'
from generate_series(1, 3000) n;

insert into subscriptions (account_id, kind, title, origin, address_hash, sealed, next_at)
select 1 + n % 100, 'calendar', '', 'https://calendar.test', sha256(n::text::bytea), '\\x00',
       now() + n * interval '1 minute' - interval '3 minutes'
from generate_series(1, 1000) n;

insert into imports (account_id, source, file_name, started_by, subscription_id)
select 1 + n % 100, 'csv', 'people.csv', 'tests', case when n % 5 = 0 then 1 + n % 1000 end
from generate_series(1, 5000) n;

insert into import_changes (import_id, contact_id, before) select n, n, '{}' from generate_series(1, 5000) n;

-- a person has answered all but one in a hundred
insert into import_doubts (import_id, line, contact_id, name, birth_month, birth_day, is_theirs, settled_at)
select n, 1, n, 'Person ' || n, 1, 1, case when n % 100 > 0 then true end,
       case when n % 100 > 0 then now() end
from generate_series(1, 5000) n;

insert into subscription_entries (subscription_id, key, version, contact_id)
select 1 + n % 1000, sha256(n::text::bytea), sha256(n::text::bytea), n from generate_series(1, 5000) n;

insert into exclusions (account_id, profile_url, import_id)
select 1 + n % 100, 'https://sandbox.test/in/away-' || n, n from generate_series(1, 5000) n;

insert into identity_changes (account_id, contact_id, other_id, what, before, changed_by)
select 1 + n % 100, n, 5000 + n, 'merged', 'https://sandbox.test/in/former-' || n, 'tests'
from generate_series(1, 5000) n;

-- of each event one target is told; most were told, and the newest events wait
insert into notice_targets (id, name, scheme, sealed)
select gen_random_uuid(), 'target ' || n, 'https', '\\x00'
from generate_series(1, 20) n;

insert into outbox_events (at, kind, account_id, key, dispatched_at, position)
select now() - (5000 - n) * interval '1 minute', 'campaign_ended', 1 + n % 100, n::text,
       case when n < 4990 then now() end, n
from generate_series(1, 5000) n;

insert into notice_deliveries (event_id, target_id, state, message_id, ended_at, sending_since)
select e.id, t.id, state, case when state <> 'pending' then gen_random_uuid() end,
       case when state = 'sent' then e.at end, case when state = 'sending' then now() end
from (
    select id, at, dispatched_at,
           case id % 20 when 0 then 'pending' when 10 then 'sending' else 'sent' end as state
    from outbox_events
) e
join (select id, row_number() over (order by name) - 1 as n from notice_targets) t on t.n = e.id / 20 % 20
where e.dispatched_at is not null;

analyze;
"""
