-- Claims a queued action, or an uncertain one to look at, and returns all that its worker needs: the action, its account
-- and person, what the gates ask, and what limits it. No row: it is claimed already, or not dispatched. A claim raises
-- the attempt, the fencing token of every later move.
with d as (
    update actions
    set state = case state when 'queued' then 'claimed' else state end,
        attempt = attempt + 1,
        lease_owner = :owner,
        lease_until = now() + :lease,
        updated_at = now()
    where id = :action_id
      and state in ('queued', 'uncertain')
      and lease_owner is null
      and lease_until is not null
    returning *
)
select
    d.id as action_id, d.attempt, d.state, d.account_id, d.campaign_id, d.contact_id as person_id, d.kind, d.occasion,
    d.occasion_on, d.worded_for, d.failures as action_failures, d.looks, d.acting_since, d.acting_attempt,
    d.created_at, d.correlation_id, d.called, a.site, a.time_zone, a.session, c.full_name, c.call_by, c.language,
    c.profile ->> 'location' as location, c.member_url, now() - d.not_before as late,
    exists (
        select from interactions i
        where i.contact_id = c.id and i.action_id is not null and i.type in ('greet', 'visit')
    ) as has_met,
    lost.since as gap_since, lost.until as gap_until,
    facts.*, q.*
from d
join accounts a on a.id = d.account_id
join campaigns r on r.id = d.campaign_id
left join contacts c on c.id = d.contact_id
cross join (
    select min(backup_at) as since, max(restored_at) as until from restores where restored_at > now() - :remembered
) lost
cross join lateral {{gate_facts}} facts
cross join lateral {{quota_context}} q
