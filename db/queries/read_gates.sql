-- Reads what the gates of one action ask, and with :locks_epoch also the epoch of the account's quota, locked.
with epoch as materialized {{current_epoch}}
select facts.*, (select epoch.epoch from epoch) as epoch
from actions d
join accounts a on a.id = d.account_id
join campaigns r on r.id = d.campaign_id
left join contacts c on c.id = d.contact_id
cross join lateral {{gate_facts}} facts
where d.id = :action_id
