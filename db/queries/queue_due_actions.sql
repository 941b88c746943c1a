-- Queues, with a lease, one due action of each locked account. Uncertain ones go first and keep their state; then
-- the one that waited longest; then today's birthday before a late one, and the oldest of other kinds. A
-- statement of its own after the lock, so that it sees what another dispatcher committed meanwhile. What a person
-- has just approved waits for :undo_first, so that it can be taken back.
-- The choice is materialized: evaluated again for each row it would skip queued actions and queue more.
with chosen as materialized (
    select pick.id
    from unnest(cast(:accounts as bigint[])) as account (id)
    cross join lateral (
        select d.id
        from actions d
        where d.account_id = account.id
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
        for update skip locked
    ) pick
)
update actions
set state = case state when 'planned' then 'queued' else state end,
    reason = case state when 'planned' then null else reason end,
    lease_owner = null,
    lease_until = now() + :lease,
    updated_at = now()
from chosen
where actions.id = chosen.id
returning actions.id, kind, campaign_id, correlation_id
