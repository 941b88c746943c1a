-- Subquery: what the gates of the action `d` ask, of its account `a`, its campaign `r` and its contact `c`. Only a
-- greeting asks about other greetings.
select
    now() as now,
    exists (select from kill_switch) as killed,
    a.status as account_status,
    a.stop_reason,
    r.state as campaign_state,
    r.kind as campaign_kind,
    r.options as campaign_options,
    d.expires_on,
    d.needs_approval,
    d.approval,
    d.message,
    c.id as contact_id,
    c.status as contact_status,
    c.profile_url,
    c.forgotten_at,
    c.do_not_contact,
    c.hold_until,
    c.moved_to,
    d.kind = 'greet' and {{already_greeted}} as is_greeted,
    d.kind = 'greet' and exists (select from contacts t where {{maybe_same}} and {{twin_greeted}}) as is_twin_greeted,
    {{last_text_to}} as last_text_at
from (values (d.occasion, d.occasion_on)) as day (occasion, celebrated_on)
cross join (values (a.site, array[c.profile_url, c.member_url], d.id)) as person (site, addresses, besides)
left join lateral {{greeting_action}} g on true
