-- Adds up the totals of all accounts, also of removed ones.
select campaign_kind, kind, from_state, to_state, reason, sum(moves)::bigint as moves
from action_totals
group by campaign_kind, kind, from_state, to_state, reason
