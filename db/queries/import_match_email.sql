-- Matches entries without an address to the only contact with their e-mail address, if at least one word of the
-- name is the same. Runs after the entries with an address are merged.
update import_rows r
set address = found.profile_url, by_email = true
from (
    select u.line, min(c.profile_url) as profile_url
    from import_rows u
    cross join unnest(u.emails) as e (email)
    join contacts c on c.account_id = :account_id and c.email is not null and lower(c.email) = e.email
    where u.address is null
    group by u.line
    having count(distinct c.id) = 1
       and bool_and(string_to_array(c.name_key, ' ') && string_to_array(u.name_key, ' '))
) found
where r.line = found.line
