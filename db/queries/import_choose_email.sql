-- Chooses the e-mail address that an entry may give its contact: the first that no other contact has, since a
-- shared address would make later matches ambiguous. Entries are copied with their first one.
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
where r.email is not null
  and exists (
      select from contacts c
      where c.account_id = :account_id and c.email is not null and lower(c.email) = r.email
        and c.profile_url <> r.address)
