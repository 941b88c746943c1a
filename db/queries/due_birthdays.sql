-- Returns the contacts of an account with a birthday on one of the given days: the reason if one is left out, when a
-- hold on one ends, and the state of an existing action for the birthday; for drafts, with :texts_since, also the profile
-- and the texts since then. The days come from worker.rules.dates.birthdays, so that one place decides about
-- 29 February. A test compares the result with a plain model (tests/db/people/audience_model.py).
select
    c.id, c.profile_url, c.full_name, c.language, c.call_by, c.profile ->> 'location' as location, c.connected_on,
    c.birth_year, day.celebrated_on,
    case
        when c.do_not_contact then 'do_not_contact'
        when {{already_greeted}} then 'already_greeted'
        when c.status = 'not_connected' then 'not_connected'
    end as left_out,
    case when c.hold_until > cast(timezone(o.time_zone, now()) as date)
         then timezone(o.time_zone, cast(c.hold_until as timestamp))
    end as held_until,
    g.state as planned_as,
    case when cast(:texts_since as timestamptz) is not null then c.profile end as profile,
    case when cast(:texts_since as timestamptz) is not null then array(
        select i.message from interactions i
        where i.contact_id = c.id and i.type = 'greet' and i.created_at >= :texts_since and i.message <> ''
        order by i.id
    ) end as texts
from unnest(
    cast(:months as smallint[]), cast(:days as smallint[]), cast(:dates as date[]), cast(:occasions as text[])
) as day (month, day, celebrated_on, occasion)
cross join lateral (  -- each day by the index of birthdays, also where the planner thinks reading all is cheaper
    select * from contacts
    where account_id = :account_id and birth_month = day.month and birth_day = day.day
    offset 0
) c
join accounts o on o.id = c.account_id
left join lateral {{greeting_action}} g on true
where c.status <> 'prospect'
order by day.celebrated_on desc, c.id
