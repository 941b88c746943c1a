-- Counts the actions that have not ended, by kind and state. Those that wait and those in flight have an index each.
select kind, state, count(*) as actions
from actions
where state in ('planned', 'proposed', 'uncertain', 'needs_review')
group by kind, state
union all
select kind, state, count(*)
from actions
where state in ('queued', 'claimed', 'acting')
group by kind, state
