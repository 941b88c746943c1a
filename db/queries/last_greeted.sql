-- The contacts that an import brought in and that are kept: the last birthday for which we greeted them ourselves.
update contacts c
set last_greeted_on = (
    select max(a.occasion_on) from actions a
    where a.contact_id = c.id and a.kind = 'greet' and a.state = 'done')
where c.import_id = :import_id
