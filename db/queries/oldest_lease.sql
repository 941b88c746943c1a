-- Returns how many seconds ago the oldest action in flight was queued; null if none is in flight.
select extract(epoch from now() - min(queued.at)) as seconds
from actions a
cross join lateral (
    select max(e.at) as at from action_events e where e.action_id = a.id and e.to_state = 'queued'
) queued
where a.state in ('queued', 'claimed', 'acting')
