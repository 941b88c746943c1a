-- Returns the entries whose birthday differs from the stored one, which stays.
select r.line, count(*) over () as of
from import_rows r
join contacts c on c.profile_url = r.address and c.account_id = :account_id
where r.born is not null
  and (c.birth_month, c.birth_day)
      is distinct from (cast(left(right(r.born, 5), 2) as int), cast(right(r.born, 2) as int))
order by r.line
limit :most
