-- Addresses that nobody has, but whose e-mail address and name exactly one contact has in every entry: one person
-- with two addresses. The entries become that contact's. Runs before anything is changed, and all entries of
-- an address go one way, so that their order, and a second time, make no difference.
update import_rows r
set address = moved.profile_url
from (
    select found.address, min(found.profile_url) as profile_url
    from (
        select u.line, u.address, c.profile_url
        from import_rows u
        left join lateral unnest(u.emails) as e (email) on true
        left join contacts c on c.account_id = :account_id and c.email is not null
                            and lower(c.email) = e.email and c.name_key = u.name_key
        where u.address in (select address from import_rows where emails <> '{}')
          and not exists (select from contacts k where k.profile_url = u.address and k.account_id = :account_id)
    ) found
    group by found.address
    having count(distinct found.profile_url) = 1
       and count(distinct found.line) = count(distinct found.line) filter (where found.profile_url is not null)
) moved
where r.address = moved.address
