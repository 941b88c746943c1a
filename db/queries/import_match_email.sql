-- Matches entries without an address to the only contact with their e-mail address, if at least one word of the
-- name is the same. Runs after the entries with an address are merged.
update import_rows r
set address = found.profile_url, by_email = true
from (
    select r.line, min(c.profile_url) as profile_url
    from import_rows r
    cross join unnest(r.emails) as e (email)
    join contacts c on c.account_id = :account_id and c.email is not null and lower(c.email) = e.email
    where r.address is null
    group by r.line
    having count(distinct c.id) = 1
       and bool_and(string_to_array(c.name_key, ' ') && string_to_array({{import_name_key}}, ' '))
) found
where r.line = found.line
