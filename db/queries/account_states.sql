-- Counts the accounts that were not removed, by site, status, reason and the age of the stored sign-in.
select
    site,
    status,
    coalesce(stop_reason, '') as reason,
    case
        when session is null then 'none'
        when session_proven_at > now() - interval '1 day' then 'under_1_day'
        when session_proven_at > now() - interval '7 days' then 'under_7_days'
        when session_proven_at > now() - interval '30 days' then 'under_30_days'
        else 'older'
    end as session_age,
    count(*) as accounts
from accounts
where removed_at is null
group by 1, 2, 3, 4
