-- Resets the last greeting of an import's remaining contacts to the latest birthday that Rapport greeted.
update contacts c
set last_greeted_on = (
    select max(a.occasion_on) from actions a
    where a.contact_id = c.id and a.kind = 'greet' and a.state = 'done')
where c.import_id = :import_id
