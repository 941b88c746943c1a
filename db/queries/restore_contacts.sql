-- Gives the contacts that an import changed their former values back. `before` holds the changed columns only;
-- a column that it doesn't name keeps its value.
update contacts c
set full_name = coalesce(b.row.full_name, c.full_name),
    email = case when ic.before ? 'email' then b.row.email else c.email end,
    language = case when ic.before ? 'language' then b.row.language else c.language end,
    birth_month = case when ic.before ? 'birth_month' then b.row.birth_month else c.birth_month end,
    birth_day = case when ic.before ? 'birth_day' then b.row.birth_day else c.birth_day end,
    birth_year = case when ic.before ? 'birth_year' then b.row.birth_year else c.birth_year end,
    connected_on = case when ic.before ? 'connected_on' then b.row.connected_on else c.connected_on end,
    profile = case when ic.before ? 'profile' then b.row.profile else c.profile end,
    status = coalesce(b.row.status, c.status),
    score = case when ic.before ? 'score' then b.row.score else c.score end,
    do_not_contact = coalesce(b.row.do_not_contact, c.do_not_contact),
    last_greeted_on = case when ic.before ? 'last_greeted_on' then b.row.last_greeted_on else c.last_greeted_on end
from import_changes ic
cross join lateral (select jsonb_populate_record(null::contacts, ic.before) as row) b
where ic.import_id = :import_id and c.id = ic.contact_id
