-- Returns the given contacts in their order, for a visitor campaign, each with the reason if its profile may not be opened
-- now: visited within :no_repeat, or do-not-contact; whether a visit is planned or under way; and when a hold ends.
with known as materialized (
    select c.id, c.profile_url, c.full_name, c.do_not_contact,
           case when c.hold_until > cast(timezone(o.time_zone, now()) as date)
                then timezone(o.time_zone, cast(c.hold_until as timestamp))
           end as held_until,
           greatest(
               (select max(i.created_at) from interactions i where i.contact_id = c.id and i.type = 'visit'),
               (select max(a.acting_since) from actions a where a.contact_id = c.id and a.kind = 'visit')
           ) as visited_at,
           (select p.read_at from profiles p where p.contact_id = c.id) as read_at,
           exists (
               select from actions a
               where a.contact_id = c.id and a.kind = 'visit'
                 and a.state in ('planned', 'queued', 'claimed', 'acting')
           ) as planned
    from contacts c
    join accounts o on o.id = c.account_id
    where c.account_id = :account_id and c.forgotten_at is null and c.id = any (cast(:contact_ids as bigint[]))
)
select k.id, k.profile_url, k.full_name, greatest(k.visited_at, k.read_at) as seen_at,
       case when k.do_not_contact then 'do_not_contact'
            when k.visited_at > now() - cast(:no_repeat as interval) then 'visited_lately'
       end as left_out,
       k.held_until,
       k.planned
from known k
order by array_position(cast(:contact_ids as bigint[]), k.id)
