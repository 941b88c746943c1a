-- Reads what the gates of one action ask. With :locks_epoch, also the epoch of the account's quota, which nobody raises
-- then before the transaction ends: grants of the epoch stay valid until the intent is committed.
with epoch as materialized (
    select e.epoch
    from quota_epochs e
    where e.account_id = :account_id and :locks_epoch
    for share
)
select facts.*, (select epoch.epoch from epoch) as epoch
from actions d
join accounts a on a.id = d.account_id
join campaigns r on r.id = d.campaign_id
left join contacts c on c.id = d.contact_id
cross join lateral {{gate_facts}} facts
where d.id = :action_id
