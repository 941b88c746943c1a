-- Returns a keyset page of an account's contacts with a birthday in :month, after the contact :after_id of day :day, with
-- the action that greets each for :occasion.
select
    c.id, c.full_name, c.birth_day, c.birth_year, c.status, c.do_not_contact, c.last_greeted_on, a.state, a.reason
from contacts c
left join actions a
    on a.account_id = c.account_id and a.contact_id = c.id and a.kind = 'greet' and a.occasion = :occasion
where c.account_id = :account_id and c.birth_month = :month and (c.birth_day, c.id) > (:day, :after_id)
order by c.birth_day, c.id
limit :most
