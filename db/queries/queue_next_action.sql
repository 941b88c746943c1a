-- Queues the next due action of one locked account, as queue_due_actions.sql does those of many. Planned for one account
-- once, it is much cheaper.
with chosen as materialized (
    select pick.id
    from (values (cast(:account_id as bigint))) as account (id)
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
