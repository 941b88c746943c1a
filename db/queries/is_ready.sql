-- Condition: the account `a` may start an action: it is active, nobody reads its inbox, and nothing is killed.
a.status = 'active'
and (a.inbox_lease_until is null or a.inbox_lease_until <= now())
and not exists (select from kill_switch)
