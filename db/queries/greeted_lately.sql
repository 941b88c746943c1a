-- Returns the newest greeting of each person whom the account greeted in the last :window, and what may be done
-- about a reply. Only greetings sent by Rapport, not imported ones or those written by hand.
select distinct on (i.contact_id)
    i.id,
    i.contact_id,
    c.profile_url,
    coalesce(a.acting_since, i.created_at) as greeted_at,
    i.created_at as recorded_at,
    i.replied_at is not null as replied,
    coalesce(cast(k.options ->> 'keep_replies' as boolean), false) as keep_text,
    not c.do_not_contact as may_open,
    c.member_url,
    c.full_name,
    exists (
        select 1 from contacts o
        where o.account_id = c.account_id and o.name_key = c.name_key and o.id <> c.id
    ) as has_namesake
from interactions i
join actions a on a.id = i.action_id
join campaigns k on k.id = a.campaign_id
join contacts c on c.id = i.contact_id
where i.account_id = :account_id and i.type = 'greet' and i.created_at > now() - :window
order by i.contact_id, greeted_at desc
