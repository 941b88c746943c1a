-- Whether another contact who may be the same person was greeted for the occasion, or may have been, or soon is.
select exists (
    select from contacts c
    join contacts t on {{maybe_same}}
    cross join (values (cast(:occasion as text), cast(:occasion_on as date))) as day (occasion, celebrated_on)
    where c.id = :contact_id and {{twin_greeted}})
