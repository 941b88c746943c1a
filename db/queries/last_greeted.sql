-- The last birthday for which each of these contacts was greeted, as the interactions tell it. An occasion is
-- birthday:YEAR; the contact's own birthday says the day, 28 February for a leap child in a short year.
update contacts c
set last_greeted_on = told.celebrated_on
from unnest(cast(:contacts as bigint[])) as t (id)
left join lateral (
    select max(
        case when k.birth_month is null then cast(i.created_at as date)
             else cast(make_date(y.year, k.birth_month, 1)
                  + least(k.birth_day, extract(day from make_date(y.year, k.birth_month, 1)
                          + interval '1 month - 1 day'))::int - 1 as date)
        end) as celebrated_on
    from contacts k
    join interactions i on i.contact_id = k.id
    cross join lateral (select cast(split_part(i.occasion, ':', 2) as int) as year) y
    where k.id = t.id and i.type = 'greet' and i.occasion ~ '^birthday:[0-9]{4}$'
) told on true
where c.id = t.id
