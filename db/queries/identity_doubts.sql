-- Returns the doubts about who a contact is, of one account or of all: pairs of contacts who may be one person, and
-- contacts whose address belongs to another member now. A page begins after (:after_id, :after_other).
select o.name, d.id, d.full_name, d.profile_url, d.other_id, d.other_url, d.reason
from (
    select c.account_id, c.id, c.full_name, c.profile_url, t.id as other_id, t.profile_url as other_url,
           'maybe_same_person' as reason
    from contacts c
    join contacts t on {{maybe_same}}
    where c.member_url = c.profile_url
    union all
    select c.account_id, c.id, c.full_name, c.profile_url, null, c.moved_to, 'address_moved'
    from contacts c
    where c.moved_to is not null and c.forgotten_at is null
) d
join accounts o on o.id = d.account_id
where o.removed_at is null and (cast(:account as text) is null or o.name = :account)
  and (cast(:after_id as bigint) is null or (d.id, coalesce(d.other_id, 0)) > (:after_id, :after_other))
order by o.name, d.id, d.other_id
limit :limit
