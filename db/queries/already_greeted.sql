-- Condition: the contact `c` was greeted for the birthday `day` (celebrated_on, occasion): by an action (`g`, see
-- greeting_action.sql) or an interaction of ours for it, by a greeting sent on the day or later, also by hand, or by V1 or
-- before the account was removed (an exclusion, which then has a hash). Planning and the gate before the effect share it.
coalesce(c.last_greeted_on >= day.celebrated_on, false)
or coalesce(g.state = 'done', false)
or exists (
    select from interactions i
    where i.contact_id = c.id and i.type = 'greet' and i.occasion = day.occasion)
or exists (
    select from exclusions e
    where e.account_id = c.account_id and e.occasion = day.occasion
      and (e.profile_url in (c.profile_url, 'sha256:' || encode(sha256(convert_to(c.profile_url, 'UTF8')), 'hex'))
           or e.profile_url in (c.member_url, 'sha256:' || encode(sha256(convert_to(c.member_url, 'UTF8')), 'hex'))
           or e.name_key in (c.name_key, 'sha256:' || encode(sha256(convert_to(c.name_key, 'UTF8')), 'hex'))))
