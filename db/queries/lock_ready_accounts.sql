-- Accounts that may start an action now: active, something due, nothing in flight. Locked until the commit,
-- so that two dispatchers never serve one account at once; one that is being served is passed over. Looking
-- at what may have happened goes on in a paused campaign, and what a cancelled one still plans meets the gate;
-- nothing goes on under the kill switch, or while a worker reads the account's inbox.
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
) due on due.since is not null
where a.status = 'active'
  and (a.inbox_lease_until is null or a.inbox_lease_until <= now())
  and not exists (select from kill_switch)
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
