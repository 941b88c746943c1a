-- Counts the outcome of an import: people, entries, and entries that wait for a person. `doubts` are of entries
-- without a contact, `asked` of known people whose day is uncertain. Who was only marked as dead by name is in
-- `died`, not in `changed`; they are materialised, because contacts may have the statistics of an empty table, and
-- each would be compared with each entry.
with died_by_name as materialized (
    select e.account_id, e.profile_url
    from exclusions e
    where e.import_id = :import_id
      and not exists (select from import_rows r where r.address = e.profile_url)
)
select
    (select count(*) from contacts where import_id = :import_id) as new,
    (select count(*) from import_changes where import_id = :import_id)
        - (select count(*)
           from died_by_name d
           join contacts c on c.account_id = d.account_id and c.profile_url = d.profile_url
           join import_changes k on k.contact_id = c.id and k.import_id = :import_id) as changed,
    (select count(distinct d.line) from import_doubts d join import_rows r on r.line = d.line
     where d.import_id = :import_id and r.address is null) as doubts,
    (select count(distinct d.line) from import_doubts d join import_rows r on r.line = d.line
     where d.import_id = :import_id and r.address is not null) as asked,
    (select count(*) from exclusions where import_id = :import_id and occasion is null) as died,
    count(*) filter (where address is not null) as settled,
    count(distinct address) as people,
    count(*) filter (where outcome in ('same', 'doubt')) as unsure,
    count(*) filter (where outcome = 'dead') as dead
from import_rows
