-- Whether one contact was greeted for one birthday.
select {{already_greeted}}
from contacts c
cross join (values (cast(:occasion as text), cast(:celebrated_on as date))) as day (occasion, celebrated_on)
left join lateral {{greeting_action}} g on true
where c.id = :contact_id
