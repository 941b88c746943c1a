-- Inserts a doubt for each candidate of an uncertain birthday, unless the same was asked before. The candidates
-- are those of import_unsure.
insert into import_doubts (import_id, line, contact_id, name, birth_month, birth_day, birth_year)
select distinct on (c.id, right(r.born, 5))
    cast(:import_id as bigint), r.line, c.id, r.full_name, cast(left(right(r.born, 5), 2) as smallint),
    cast(right(r.born, 2) as smallint),
    cast(case when r.born not like '--%' then left(r.born, 4) end as smallint)
from import_rows r
join contacts c on c.account_id = :account_id
    and (c.name_key = r.name_key or (c.email is not null and lower(c.email) = any (r.emails)))
    and (c.birth_month is null or ((c.birth_month, c.birth_day) = (2, 28) and right(r.born, 5) = '02-29'))
where r.outcome = 'doubt'
  and not exists (
      select from import_doubts d
      where d.contact_id = c.id
        and (d.birth_month, d.birth_day)
          = (cast(left(right(r.born, 5), 2) as int), cast(right(r.born, 2) as int)))
order by c.id, right(r.born, 5), r.line
