-- Restores the contacts that an import changed. `before` has the changed columns only. Exclusions that still exist
-- and greetings sent since are kept.
update contacts c
set full_name = coalesce(b.full_name, c.full_name),
    email = case when ic.before ? 'email' then b.email else c.email end,
    language = case when ic.before ? 'language' then b.language else c.language end,
    birth_month = case when ic.before ? 'birth_month' then b.birth_month else c.birth_month end,
    birth_day = case when ic.before ? 'birth_day' then b.birth_day else c.birth_day end,
    birth_year = case when ic.before ? 'birth_year' then b.birth_year else c.birth_year end,
    connected_on = case when ic.before ? 'connected_on' then b.connected_on else c.connected_on end,
    profile = case when ic.before ? 'profile' then b.profile else c.profile end,
    status = coalesce(b.status, c.status),
    score = case when ic.before ? 'score' then b.score else c.score end,
    do_not_contact = case
        when ic.before ? 'do_not_contact' then b.do_not_contact or exists (
            select from exclusions e
            where e.account_id = c.account_id and e.occasion is null
              and (e.profile_url = c.profile_url or e.name_key = c.name_key))
        else c.do_not_contact
    end,
    last_greeted_on = case
        when ic.before ? 'last_greeted_on' then greatest(b.last_greeted_on, (
            select max(a.occasion_on) from actions a
            where a.contact_id = c.id and a.kind = 'greet' and a.state = 'done'))
        else c.last_greeted_on
    end
from import_changes ic
cross join lateral jsonb_populate_record(null::contacts, ic.before) b
where ic.import_id = :import_id and c.id = ic.contact_id
