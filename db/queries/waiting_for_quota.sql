-- Counts the planned actions that the quota makes wait now, by kind and reason, with when the first of them asks again.
select kind, reason, count(*) as actions, min(not_before) as until
from actions
where state = 'planned' and reason = any(:reasons) and not_before > now()
group by kind, reason
order by kind, reason
