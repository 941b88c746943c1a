-- Counts the units that each account has used of each kind: since the account's :midnights, by the run that used the
-- newest one since then, and in the last :week.
select
    used.account_id,
    used.kind,
    count(*) filter (where used.is_today) as today,
    count(*) filter (where used.is_today and used.run_id = used.newest_run) as by_run,
    count(*) as in_week
from (
    select
        charge.account_id,
        charge.kind,
        charge.run_id,
        charge.charged_at >= day.midnight as is_today,
        first_value(charge.run_id) over (
            partition by charge.account_id, charge.kind order by charge.charged_at desc
        ) as newest_run
    from {{quota_ledger}} charge
    join unnest(cast(:account_ids as bigint[]), cast(:midnights as timestamptz[])) day (account_id, midnight)
        on day.account_id = charge.account_id
) used
group by used.account_id, used.kind
