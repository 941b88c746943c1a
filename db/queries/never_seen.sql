-- Returns connections of an account whose profile was never opened or read, in the order in which they became known, apart
-- from those whom a visit is planned for. Reads only as many as it takes to find :limit.
select c.id, c.profile_url, c.full_name, cast(null as timestamptz) as seen_at
from contacts c
where {{may_be_visited}}
  and not exists (
      select from interactions i where i.account_id = c.account_id and i.contact_id = c.id and i.type = 'visit')
  and not exists (
      select from actions a
      where a.account_id = c.account_id and a.contact_id = c.id and a.kind = 'visit' and a.acting_since is not null)
  and not exists (select from profiles p where p.contact_id = c.id)
order by c.id
limit :limit
