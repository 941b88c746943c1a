-- Returns the campaigns that have come to their end lately and of which that was not told: planned, with actions, none
-- of them open. One that ended earlier, such as before an update, is not told.
select c.id
from campaigns c
join accounts a on a.id = c.account_id and a.removed_at is null
cross join lateral (
    select max(x.updated_at) as ended_at, bool_and(x.state in ('done', 'failed', 'skipped')) as has_ended
    from actions x
    where x.campaign_id = c.id
) of_it
where c.state = 'planned'
  and c.planned_at > now() - cast(:planned_within as interval)
  and not exists (select 1 from outbox_events e where e.kind = 'campaign_ended' and e.key = cast(c.id as text))
  and of_it.has_ended
  and of_it.ended_at > now() - cast(:ended_within as interval)
order by of_it.ended_at, c.id
limit 100
