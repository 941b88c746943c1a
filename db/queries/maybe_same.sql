-- Condition: the contacts `c` and `t` of one account may be one person: the same name and birthday, one known by member id
-- only and the other by slug only, and nobody said that they are two.
t.account_id = c.account_id and t.name_key = c.name_key
and (t.birth_month, t.birth_day) = (c.birth_month, c.birth_day)
and ((c.member_url = c.profile_url and t.member_url is null) or (t.member_url = t.profile_url and c.member_url is null))
and t.forgotten_at is null and c.forgotten_at is null
and not exists (
    select from identity_changes d
    where d.what = 'distinct' and (d.contact_id, d.other_id) in ((c.id, t.id), (t.id, c.id)))
