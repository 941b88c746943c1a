-- Locks the accounts that may start an action now: active, something due, nothing in flight, no inbox reader, no
-- kill switch. Skips accounts that another dispatcher has locked. In a paused campaign only uncertain actions
-- are due; actions of a cancelled campaign are due and end at the gate. What a person has just approved is not due
-- for :undo_first.
select a.id
from accounts a
join lateral (
    select min(d.not_before) as since
    from actions d
    where d.account_id = a.id
      and d.state in ('planned', 'uncertain')
      and d.not_before <= now()
      and (d.state = 'uncertain' or exists (
          select from campaigns c where c.id = d.campaign_id and c.state <> 'paused'))
      and not exists (
          select from decisions n
          where n.action_id = d.id and n.undone_at is null and n.decided_at > now() - :undo_first)
) due on due.since is not null
where {{is_ready}}
  and not exists (
      select from actions f
      where f.account_id = a.id and f.state in ('queued', 'claimed', 'acting')
  )
  and not exists (
      select from actions l
      where l.account_id = a.id and l.state = 'uncertain' and l.lease_until is not null
  )
order by due.since
limit :batch
for no key update of a skip locked
