-- Counts the circuit breakers that are not closed, by kind, of accounts that were not removed.
select g.kind, case when g.open_until > now() then 'open' else 'half_open' end as state, count(*) as accounts
from quota_gates g
join accounts a on a.id = g.account_id
where a.removed_at is null and g.open_until is not null
group by 1, 2
