-- Contacts of one account who have a birthday on one of the given days. The days come from the pure rule
-- (worker.rules.birthdays.celebrated), so that SQL and rule can't disagree about 29 February.
select c.id, c.full_name, c.language, c.do_not_contact, c.last_greeted_on, day.celebrated_on
from unnest(cast(:months as smallint[]), cast(:days as smallint[]), cast(:dates as date[]))
     as day (month, day, celebrated_on)
join contacts c on c.birth_month = day.month and c.birth_day = day.day
where c.account_id = :account_id and c.status = 'connected'
order by day.celebrated_on desc, c.id
