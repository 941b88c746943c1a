-- Merges the entries with an address into the known contacts, all of one person together: fills in what a contact
-- lacks. Known values stay, except that the site's own file (:of_the_site) replaces company, position and connection
-- date. What a person set by hand always stays. Former values go to import_changes, except for contacts that this
-- import inserted.
with known as (
    select p.*, c.id, c.import_id, c.email as c_email, c.language as c_language, c.birth_month as c_month,
           c.birth_day as c_day, c.birth_year as c_year, c.connected_on as c_connected_on,
           c.profile as c_profile, c.status as c_status,
           not coalesce(c.by_hand ? 'birthday', false)
               and (c.birth_month is null
                    or ((c.birth_month, c.birth_day) = (2, 28) and (p.birth_month, p.birth_day) = (2, 29))
                    or (c.birth_month, c.birth_day) = (p.birth_month, p.birth_day)) as agrees
    from {{import_people}} p
    join contacts c on c.profile_url = p.address and c.account_id = :account_id
), next as (
    select
        id, import_id, c_email, c_language, c_month, c_day, c_year, c_connected_on, c_profile, c_status,
        coalesce(c_email, email) as email,
        coalesce(c_language, language) as language,
        case when agrees then coalesce(birth_month, c_month) else c_month end as birth_month,
        case when agrees then coalesce(birth_day, c_day) else c_day end as birth_day,
        case when agrees then coalesce(c_year, birth_year) else c_year end as birth_year,
        case when :of_the_site then coalesce(connected_on, c_connected_on)
             else coalesce(c_connected_on, connected_on) end as connected_on,
        case when :of_the_site then c_profile || profile else profile || c_profile end as profile,
        case when connected and c_status = 'prospect' then 'connected' else c_status end as status
    from known
), different as (
    select *
    from next
    where (c_email, c_language, c_month, c_day, c_year, c_connected_on, c_profile, c_status)
        is distinct from
          (email, language, birth_month, birth_day, birth_year, connected_on, profile, status)
), kept as (
    insert into import_changes (import_id, contact_id, before)
    select :import_id, d.id,
           (select jsonb_object_agg(o.key, o.value)
            from jsonb_each(jsonb_build_object(
                     'email', c_email, 'language', c_language, 'birth_month', c_month, 'birth_day', c_day,
                     'birth_year', c_year, 'connected_on', c_connected_on, 'profile', c_profile,
                     'status', c_status)) o
            join jsonb_each(jsonb_build_object(
                     'email', email, 'language', language, 'birth_month', birth_month, 'birth_day', birth_day,
                     'birth_year', birth_year, 'connected_on', connected_on, 'profile', profile,
                     'status', status)) n on n.key = o.key and n.value is distinct from o.value)
    from different d
    where d.import_id is distinct from :import_id
    on conflict (import_id, contact_id) do update set before = excluded.before || import_changes.before
)
update contacts c
set email = d.email, language = d.language, birth_month = d.birth_month, birth_day = d.birth_day,
    birth_year = d.birth_year, connected_on = d.connected_on, profile = d.profile, status = d.status
from different d
where c.id = d.id
