-- Inserts a doubt for each day that may be the birthday of the contact of an entry, if no day is known.
insert into import_doubts (import_id, line, contact_id, name, birth_month, birth_day, birth_year, day_uncertain)
select distinct on (c.id, right(d.day, 5))
    cast(:import_id as bigint), r.line, c.id, r.full_name, cast(left(right(d.day, 5), 2) as smallint),
    cast(right(d.day, 2) as smallint), cast(case when d.day not like '--%' then left(d.day, 4) end as smallint),
    true
from import_rows r
cross join lateral jsonb_array_elements_text(r.extra -> 'days') d (day)
join contacts c on c.profile_url = r.address and c.account_id = :account_id
where c.birth_month is null and not c.do_not_contact
  and not exists (
      select from import_doubts k
      where k.contact_id = c.id
        and (k.birth_month, k.birth_day)
          = (cast(left(right(d.day, 5), 2) as int), cast(right(d.day, 2) as int)))
order by c.id, right(d.day, 5), r.line
on conflict do nothing
