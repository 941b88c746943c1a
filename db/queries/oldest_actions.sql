-- Returns, for each of the states that pass or wait for a person, how many seconds ago the action in it came into it
-- that has been in it for the longest time: an action's last event is the move into its state.
select a.state, extract(epoch from now() - min(entered.at)) as seconds
from (
    select id, state from actions where state in ('proposed', 'uncertain', 'needs_review')
    union all
    select id, state from actions where state in ('claimed', 'acting')
) a
cross join lateral (
    select e.at from action_events e where e.action_id = a.id order by e.seq desc limit 1
) entered
group by a.state
