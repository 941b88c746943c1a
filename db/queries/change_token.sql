-- Returns a text that is another one after each commit that changes what a page shows: moves of actions, people imported
-- or found, the transactions that triggers note, and circuit breakers.
select concat_ws('.',
    (select sum(moves) from action_totals), (select sum(people) from people_totals),
    (select sum(xid) from recent_changes), (select count(*) from recent_changes),
    (select concat(sum(failures), '/', sum(extract(epoch from open_until))) from quota_gates)) as token
