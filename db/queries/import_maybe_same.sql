-- Counts the contacts of an import who may be the same person as another contact.
select count(distinct c.id)
from contacts c
join contacts t on {{maybe_same}}
where c.member_url = c.profile_url
  and (:import_id in (c.import_id, t.import_id)
       or exists (select from import_changes k where k.import_id = :import_id and k.contact_id in (c.id, t.id)))
