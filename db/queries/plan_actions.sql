-- Inserts the actions of a plan and skips occasions that have one, so that planning is idempotent, also when two
-- campaigns plan at once.
insert into actions (
    id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, expires_on, message, called, worded_for, state,
    reason, detail, not_before, needs_approval, correlation_id
)
select p.id, :account_id, p.contact_id, :campaign_id, :kind, p.occasion, p.occasion_on, p.expires_on,
       p.message, p.called, p.worded_for, p.state, p.reason, p.detail, coalesce(p.not_before, now()), :needs_approval,
       :correlation_id
from unnest(
    cast(:ids as uuid[]), cast(:contact_ids as bigint[]), cast(:occasions as text[]),
    cast(:occasion_dates as date[]), cast(:expiries as date[]), cast(:messages as text[]),
    cast(:called as text[]), cast(:worded_for as date[]), cast(:states as text[]), cast(:reasons as text[]),
    cast(:details as text[]), cast(:not_before as timestamptz[])
) as p (
    id, contact_id, occasion, occasion_on, expires_on, message, called, worded_for, state, reason, detail, not_before
)
on conflict (account_id, contact_id, kind, occasion) do nothing
returning state
