-- Subquery: when any account of the site last sent the `person` (site, addresses, besides) a text in two days, or may
-- have, or the owner did by hand; null if none did. The action `besides` doesn't count.
select max(w.at)
from contacts k
join accounts o on o.id = k.account_id and o.site = person.site
cross join lateral (
    select x.acting_since as at
    from actions x
    where x.contact_id = k.id
      and x.id is distinct from person.besides
      and x.kind = 'greet'
      and x.state in ('acting', 'uncertain', 'needs_review', 'done')
    union all
    select i.created_at
    from interactions i
    where i.contact_id = k.id
      and (i.action_id is null or i.action_id is distinct from person.besides)
      and i.type = 'greet'
    offset 0  -- by contact, also where the planner thinks that what all had in two days is less
) w
where (k.profile_url = any(person.addresses) or k.member_url = any(person.addresses))
  and w.at > now() - interval '2 days'
