-- Returns what happened with a contact, newest first: what was sent, opened and answered, actions that ended without an
-- effect, who the contact proved to be, imports that brought or changed it, searches that found it, and changes by hand.
-- `key` tells rows of one instant apart. :about is the contact in the table of changes.
select h.at, h.key, h.what, h.kind, h.status, h.occasion, h.occasion_on, h.body, h.reason, h.detail, h.by, h.action_id
from (
    select i.created_at as at, 'i' || i.id as key, 'interaction' as what, i.type as kind, i.status, i.occasion,
           a.occasion_on, i.message as body, null as reason, null as detail, null as by, i.action_id
    from interactions i
    left join actions a on a.id = i.action_id
    where i.contact_id = :contact_id
    union all
    select i.replied_at, 'r' || i.id, 'reply', i.type, null, i.occasion, null, coalesce(i.reply, ''), null, null, null,
           i.action_id
    from interactions i
    where i.contact_id = :contact_id and i.replied_at is not null
    union all
    select i.automatic_at, 'z' || i.id, 'automatic_answer', i.type, null, i.occasion, null, '', null, null, null,
           i.action_id
    from interactions i
    where i.contact_id = :contact_id and i.automatic_at is not null
    union all
    select a.updated_at, 'a' || a.id, 'no_effect', a.kind, a.state, a.occasion, a.occasion_on, '', a.reason, a.detail,
           null, a.id
    from actions a
    where a.contact_id = :contact_id and a.state in ('skipped', 'failed')
    union all
    select d.at, 'd' || d.id, 'identity', d.what, null, null, null, '', null,
           case when d.contact_id = :contact_id then d.before end, d.changed_by, null
    from identity_changes d
    where d.contact_id = :contact_id or d.other_id = :contact_id
    union all
    select m.started_at, 'm' || m.id, 'imported', m.source, null, null, null, '', null, m.file_name, m.started_by, null
    from contacts c
    join imports m on m.id = c.import_id
    where c.id = :contact_id
    union all
    select m.started_at, 'n' || m.id, 'import_changed', m.source, null, null, null,
           (select string_agg(k, ' ' order by k) from jsonb_object_keys(f.before) k), null, m.file_name, m.started_by,
           null
    from import_changes f
    join imports m on m.id = f.import_id
    where f.contact_id = :contact_id and m.undone_at is null
    union all
    select coalesce(t.scored_at, p.created_at), 't' || t.campaign_id, 'found', p.kind, cast(t.score as text), null, null,
           '', null, cast(t.page as text), null, null
    from hits t
    join campaigns p on p.id = t.campaign_id
    where t.contact_id = :contact_id
    union all
    select g.at, 'g' || g.id, 'change', g.change, null, null, null, '', null, g.detail, g.by, null
    from changes g
    where g.about = :about
    union all
    select c.created_at, 'c' || c.id, 'known', null, null, null, null, '', null, null, null, null
    from contacts c
    where c.id = :contact_id and c.import_id is null
) h
where cast(:before_at as timestamptz) is null
   or (h.at, h.key) < (cast(:before_at as timestamptz), cast(:before_key as text))
order by h.at desc, h.key desc
limit :limit
