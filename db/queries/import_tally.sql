-- Counts the outcome of an import: people, entries, and entries that wait for a person.
select
    (select count(*) from contacts where import_id = :import_id) as new,
    (select count(*) from import_changes where import_id = :import_id) as changed,
    (select count(distinct line) from import_doubts where import_id = :import_id) as doubts,
    count(*) filter (where address is not null) as settled,
    count(distinct address) as people,
    count(*) filter (where outcome in ('same', 'doubt')) as unsure
from import_rows
