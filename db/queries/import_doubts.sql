-- Inserts a doubt for each candidate and each possible day of an uncertain birthday, unless the same was asked
-- before. The candidates are those of import_unsure.
insert into import_doubts (import_id, line, contact_id, name, birth_month, birth_day, birth_year, day_uncertain)
select distinct on (c.id, right(d.day, 5))
    cast(:import_id as bigint), r.line, c.id, r.full_name, cast(left(right(d.day, 5), 2) as smallint),
    cast(right(d.day, 2) as smallint),
    cast(case when d.day not like '--%' then left(d.day, 4) end as smallint),
    r.born is null
from import_rows r
cross join lateral unnest({{import_days}}) d (day)
join contacts c on c.account_id = :account_id
    and (c.name_key = any ({{import_name_keys}}) or (c.email is not null and lower(c.email) = any (r.emails)))
    and (c.birth_month is null or ((c.birth_month, c.birth_day) = (2, 28) and right(d.day, 5) = '02-29'
                                    and not coalesce(c.by_hand ? 'birthday', false)))
where r.outcome = 'doubt'
  and not exists (  -- who has died, by this file
      select from exclusions e
      where e.import_id = :import_id and e.account_id = :account_id and e.profile_url = c.profile_url)
  and not exists (
      select from import_doubts k
      where k.contact_id = c.id
        and (k.birth_month, k.birth_day)
          = (cast(left(right(d.day, 5), 2) as int), cast(right(d.day, 2) as int)))
order by c.id, right(d.day, 5), r.line
