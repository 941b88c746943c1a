-- Marks the known contacts whom this import excluded as do-not-contact, keeps their former state for undo, and drops
-- the birthdays that this file has for them. New contacts are marked by a trigger.
with dead as (
    select e.account_id, e.profile_url
    from exclusions e
    where e.import_id = :import_id and e.occasion is null
), dropped as (
    update import_rows r
    set born = null, extra = r.extra - 'days'
    from dead d
    where r.address = d.profile_url and (r.born is not null or r.extra ? 'days')
), marked as (
    update contacts c
    set do_not_contact = true
    from dead d
    where c.account_id = d.account_id and c.profile_url = d.profile_url and not c.do_not_contact
    returning c.id, c.import_id
)
insert into import_changes (import_id, contact_id, before)
select :import_id, m.id, '{"do_not_contact": false}'
from marked m
where m.import_id is distinct from :import_id
on conflict (import_id, contact_id) do update set before = excluded.before || import_changes.before
