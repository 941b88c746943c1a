-- Returns, by kind, how many seconds ago the oldest action became due that could be dispatched now, apart from waiting
-- for another action of its account: the conditions of lock_ready_accounts.
select d.kind, extract(epoch from now() - min(d.not_before)) as seconds
from actions d
join accounts a on a.id = d.account_id
where a.status = 'active'
  and not exists (select from kill_switch)
  and d.state in ('planned', 'uncertain')
  and d.lease_until is null
  and d.not_before <= now()
  and (d.state = 'uncertain' or exists (
      select from campaigns c where c.id = d.campaign_id and c.state <> 'paused'))
group by d.kind
