-- Inserts a contact for each person whom the account doesn't have, in the order of the file.
insert into contacts (account_id, profile_url, member_url, full_name, email, language, birth_month, birth_day,
                      birth_year, connected_on, profile, status, import_id)
select :account_id, address, member, full_name, email, language, birth_month, birth_day, birth_year, connected_on,
       profile, case when connected then 'connected' else 'prospect' end, :import_id
from {{import_people}} p
where not exists (select from contacts k where k.profile_url = p.address and k.account_id = :account_id)
order by p.line
on conflict (profile_url, account_id) do nothing
