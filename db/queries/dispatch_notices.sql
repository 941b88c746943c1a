-- Make the deliveries of new events, one for each target that is to be told; several notifiers may run this.
with events as (
    select id, at, kind, account_id
    from outbox_events
    where dispatched_at is null
    order by id
    limit 1000
    for update skip locked
), made as (
    insert into notice_deliveries (event_id, target_id)
    select events.id, target.id
    from events
    join notice_targets target
        on target.created_at <= events.at
        and target.paused_at is null
        and (target.kinds is null or events.kind = any (target.kinds))
        and (target.account_id is null or events.account_id is null or target.account_id = events.account_id)
    on conflict do nothing
)
update outbox_events
set dispatched_at = now()
from events
where outbox_events.id = events.id
