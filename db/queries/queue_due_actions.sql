-- Queues, with a lease, one due action of each locked account. Uncertain ones keep their state. A statement of its own
-- after the lock, so that it sees what another dispatcher committed meanwhile.
-- The choice is materialized: evaluated again for each row it would skip queued actions and queue more.
with chosen as materialized (
    select pick.id
    from unnest(cast(:accounts as bigint[])) as account (id)
    cross join lateral {{due_action}} pick
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
