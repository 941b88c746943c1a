-- Returns connections of an account whose profile was last opened or read :not_seen ago or longer, those first who were seen
-- longest ago, and not opened within :no_repeat. A visit that may have happened counts as one.
with visits as materialized (
    select i.contact_id, i.created_at as at
    from interactions i where i.account_id = :account_id and i.type = 'visit'
    union all
    select a.contact_id, a.acting_since
    from actions a where a.account_id = :account_id and a.kind = 'visit' and a.acting_since is not null
), visited as materialized (
    select v.contact_id, max(v.at) as at from visits v group by v.contact_id
)
select c.id, c.profile_url, c.full_name, greatest(v.at, p.read_at) as seen_at
from contacts c
left join visited v on v.contact_id = c.id
left join profiles p on p.contact_id = c.id
where {{may_be_visited}}
  and (v.at is null or v.at <= now() - cast(:no_repeat as interval))
  and greatest(v.at, p.read_at) <= now() - cast(:not_seen as interval)
order by seen_at, c.id
limit :limit
