-- Reads what limits one kind of action in one account, now.
select now() as now, a.id as account_id, a.site, a.time_zone, q.*
from accounts a
cross join (values (cast(:kind as text))) as d (kind)
cross join lateral {{quota_context}} q
where a.id = :account_id
