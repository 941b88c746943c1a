-- The e-mail address that an entry may give its contact: its first one that no other contact has. An address
-- that two people had would tell nobody apart, this import and the next.
update import_rows r
set email = (
    select e.email
    from unnest(r.emails) with ordinality as e (email, place)
    where not exists (
        select from contacts c
        where c.account_id = :account_id and c.email is not null and lower(c.email) = e.email
          and c.profile_url <> r.address)
    order by e.place
    limit 1)
where r.address is not null and r.emails <> '{}'
