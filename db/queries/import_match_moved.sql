-- Matches unknown addresses to the only contact with the same e-mail address and name in all their entries: a
-- person whose address changed. Runs before any merge and moves all entries of an address together, so that
-- the order of the entries, and importing twice, make no difference.
update import_rows r
set address = moved.profile_url
from (
    select found.address, min(found.profile_url) as profile_url
    from (
        select r.line, r.address, c.profile_url
        from import_rows r
        left join lateral unnest(r.emails) as e (email) on true
        left join contacts c on c.account_id = :account_id and c.email is not null
                            and lower(c.email) = e.email and c.name_key = {{import_name_key}}
        where r.address in (select address from import_rows where emails <> '{}')
          and not exists (select from contacts k where k.profile_url = r.address and k.account_id = :account_id)
    ) found
    group by found.address
    having count(distinct found.profile_url) = 1
       and count(distinct found.line) = count(distinct found.line) filter (where found.profile_url is not null)
) moved
where r.address = moved.address
