-- Whether another contact who may be the same person was greeted for the occasion, or may have been, or soon is.
select exists (
    select from contacts c
    join contacts t on {{maybe_same}}
    where c.id = :contact_id
      and (t.last_greeted_on >= :occasion_on
           or exists (
               select from actions a
               where a.contact_id = t.id and a.kind = 'greet' and a.occasion = :occasion
                 and a.state in ('queued', 'claimed', 'acting', 'uncertain', 'needs_review', 'done'))
           or exists (
               select from interactions i
               where i.contact_id = t.id and i.type = 'greet' and i.occasion = :occasion)))
