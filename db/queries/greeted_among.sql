-- Returns those of the given pairs of contact and birthday that were greeted, by the same condition as planning.
select c.id, day.occasion
from unnest(
    cast(:contact_ids as bigint[]), cast(:occasions as text[]), cast(:dates as date[])
) as day (contact_id, occasion, celebrated_on)
join contacts c on c.id = day.contact_id
left join lateral {{greeting_action}} g on true
where ({{already_greeted}})
