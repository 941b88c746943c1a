-- Condition: the contact `c` was greeted for the birthday `day` (celebrated_on, occasion): by an action or an interaction
-- of ours for it, by a greeting sent on the day or later, or by V1 (an exclusion). Planning and the gate before the
-- effect share it.
coalesce(c.last_greeted_on >= day.celebrated_on, false)
or exists (
    select from actions g
    where g.contact_id = c.id and g.kind = 'greet' and g.occasion = day.occasion and g.state = 'done')
or exists (
    select from interactions i
    where i.contact_id = c.id and i.type = 'greet' and i.occasion = day.occasion)
or exists (
    select from exclusions e
    where e.account_id = c.account_id and e.occasion = day.occasion
      and (e.profile_url = c.profile_url or e.name_key = c.name_key))
