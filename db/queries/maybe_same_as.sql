-- Returns the contacts who may be the same person as one contact.
select t.id
from contacts c
join contacts t on {{maybe_same}}
where c.id = :contact_id
order by t.id
