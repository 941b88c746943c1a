-- The people among the entries with an address. Most have one entry, which needs no grouping; several entries of one
-- person (import_repeated) are taken together.
select
    line, address, member, full_name, email, language, connected_on, connected, profile,
    cast(left(right(born, 5), 2) as smallint) as birth_month,
    cast(right(born, 2) as smallint) as birth_day,
    cast(case when born not like '--%' then left(born, 4) end as smallint) as birth_year
from (
    select line, address, member, full_name, email, language, born, connected_on, profile, connected
    from import_rows r
    where address is not null and by_email = :by_email
      and not exists (select from import_repeated m where m.address = r.address)
    union all
    select
        min(line),
        address,
        (array_agg(member order by line) filter (where member is not null))[1],
        (array_agg(full_name order by line))[1],
        (array_agg(email order by line) filter (where email is not null))[1],
        (array_agg(language order by line) filter (where language is not null))[1],
        (array_agg(born order by born like '--%', line) filter (where born is not null))[1],
        (array_agg(connected_on order by line) filter (where connected_on is not null))[1],
        coalesce((array_agg(profile order by line) filter (where profile <> '{}'))[1], '{}'),
        bool_or(connected)
    from import_rows r
    where by_email = :by_email and exists (select from import_repeated m where m.address = r.address)
    group by address
) told
