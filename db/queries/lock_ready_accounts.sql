-- Locks the accounts that may start an action now: active, something due, nothing in flight, no inbox reader, no
-- kill switch. Skips accounts that another dispatcher has locked. In a paused campaign only uncertain actions
-- are due; actions of a cancelled campaign are due and end at the gate. What a person has just approved is not due
-- for :undo_first.
-- Neither condition may become a join: at night nothing is in flight, and a plan for so few compares each account with
-- each action in flight in the morning. `offset 0` keeps one a look into an index; the other is hashed.
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
      offset 0
  )
  and a.id not in (
      select l.account_id from actions l
      where l.state = 'uncertain' and l.lease_until is not null
  )
order by due.since
limit :batch
for no key update of a skip locked
