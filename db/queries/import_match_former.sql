-- Lets entries with a former address of a contact name the present one, unless another contact has the former one now.
update import_rows r
set address = former.profile_url
from (
    select distinct on (k.before) k.before, c.profile_url
    from identity_changes k
    join contacts c on c.id = k.contact_id and c.forgotten_at is null
    where k.account_id = :account_id and k.before is not null and k.what <> 'moved'
    order by k.before, k.id desc
) former
where r.address = former.before
  and not exists (select from contacts o where o.account_id = :account_id and o.profile_url = r.address)
