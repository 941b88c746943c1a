-- Resets the last greeting of an import's remaining contacts to the day on which Rapport sent its latest.
update contacts c
set last_greeted_on = (
    select max(coalesce(cast(timezone(o.time_zone, a.acting_since) as date), a.occasion_on))
    from actions a
    join accounts o on o.id = a.account_id
    where a.contact_id = c.id and a.kind = 'greet' and a.state = 'done')
where c.import_id = :import_id
