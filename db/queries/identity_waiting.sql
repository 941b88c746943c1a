-- Returns the contacts of an account whose greeting waits until a person says who they are: of two who may be one the
-- later one, and those whose address belongs to another member now.
select greatest(c.id, t.id) as id, 'maybe_same_person' as reason
from contacts c
join contacts t on {{maybe_same}}
where c.account_id = :account_id and c.member_url = c.profile_url
union all
select c.id, 'address_moved'
from contacts c
where c.account_id = :account_id and c.moved_to is not null
