-- Excludes everybody who has died by an entry, by address: the entry's own, else those of the contacts with its
-- e-mail address and a word of its name, else those of all contacts with its name. Whom a person allowed again
-- stays allowed.
insert into exclusions (account_id, profile_url, note, import_id)
select :account_id, dead.address, 'has died, by an imported file', :import_id
from (
    select r.address
    from import_rows r
    where r.extra ? 'died' and r.address is not null
      and not exists (
          select from contacts c
          where c.account_id = :account_id and c.profile_url = r.address and c.by_hand ? 'allowed')
    union
    select c.profile_url
    from import_rows r
    join contacts c on c.account_id = :account_id
        and (c.name_key = {{import_name_key}}
             or (c.email is not null and lower(c.email) = any (r.emails)
                 and string_to_array(c.name_key, ' ') && string_to_array({{import_name_key}}, ' ')))
    where r.extra ? 'died' and r.address is null and c.forgotten_at is null
      and not coalesce(c.by_hand ? 'allowed', false)
) dead
on conflict do nothing
