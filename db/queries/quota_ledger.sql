-- Returns the quota used by the accounts in the last :week: every effect that happened or may have happened. One row
-- for each action, so a commit after a release of the same reservation can't count twice.
select
    a.account_id,
    a.kind,
    a.id || ':' || a.acting_attempt as reservation_id,
    a.acting_since as charged_at,
    a.campaign_id::text as run_id,
    a.state in ('acting', 'uncertain') as held -- released if reconciling finds no effect
from actions a
where a.account_id = any(:account_ids) and a.acting_since > now() - :week and a.kind not in ('visit', 'collect')
union all
-- each opening of a page counts, whatever its outcome; the condition on acting_since, which an opening sets in its
-- transaction, only keeps Postgres from looking each action up by its id
select a.account_id, a.kind, e.action_id || ':' || e.attempt, e.at, a.campaign_id::text, false
from action_events e
join actions a on a.id = e.action_id
    and a.account_id = any(:account_ids) and a.acting_since > now() - :week - interval '1 hour'
where e.account_id = any(:account_ids) and e.to_state = 'acting' and e.at > now() - :week
  and a.kind in ('visit', 'collect')
union all
-- imported, seen in a thread, or recorded without an intent
select i.account_id, i.type, 'interaction:' || i.id, i.created_at, null, false
from interactions i
left join actions a on a.id = i.action_id and a.account_id = any(:account_ids) and a.acting_since > now() - :week
left join lateral ( -- of the few whose intent is older than the week
    select b.acting_since from actions b where a.id is null and b.id = i.action_id offset 0
) earlier on true
where i.account_id = any(:account_ids) and i.created_at > now() - :week
  and a.id is null and earlier.acting_since is null
