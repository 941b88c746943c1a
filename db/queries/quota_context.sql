-- Subquery: what limits the kind of the action `d` in the account `a`: its own limits, cuts and warm-up, the epoch of its
-- counters, and the failures in a row that its circuit breaker counts.
select
    a.warm_up_on,
    (select jsonb_agg(l) from quota_limits l where l.account_id = a.id) as limits,
    (select to_jsonb(t) from quota_totals t where t.account_id = a.id) as totals,
    cut.paused_until,
    cut.cut_until,
    (select e.epoch from quota_epochs e where e.account_id = a.id) as epoch,
    (select g.failures from quota_gates g where g.account_id = a.id and g.kind = d.kind) as failures
from (select) one
left join quota_cuts cut on cut.account_id = a.id and cut.kind = d.kind
