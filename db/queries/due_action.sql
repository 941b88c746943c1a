-- Subquery: locks the due action of an `account` (id) whose turn it is, if the account is ready and nothing of it is in
-- flight. Uncertain ones go first; then the one that waited longest; then today's birthday before a late one, and the
-- oldest of other kinds. What a person has just approved waits for :undo_first, so that it can be taken back.
select d.id
from actions d
join accounts a on a.id = d.account_id
where d.account_id = account.id
  and {{is_ready}}
  and d.state in ('planned', 'uncertain')
  and d.not_before <= now()
  and (d.state = 'uncertain' or exists (
      select from campaigns c where c.id = d.campaign_id and c.state <> 'paused'))
  and not exists (
      select from decisions n
      where n.action_id = d.id and n.undone_at is null and n.decided_at > now() - :undo_first)
  and not exists (
      select from actions f
      where f.account_id = account.id
        and (f.state in ('queued', 'claimed', 'acting')
             or (f.state = 'uncertain' and f.lease_until is not null))
  )
order by (d.state = 'uncertain') desc, d.not_before,
         case d.kind when 'greet' then current_date - d.occasion_on else d.occasion_on - current_date end,
         d.created_at, d.id
limit 1
for update of d skip locked
