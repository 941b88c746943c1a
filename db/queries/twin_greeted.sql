-- Condition: the contact `t` was greeted for the occasion `day` (celebrated_on, occasion), or may have been, or soon is.
t.last_greeted_on >= day.celebrated_on
or exists (
    select from actions x
    where x.contact_id = t.id and x.kind = 'greet' and x.occasion = day.occasion
      and x.state in ('queued', 'claimed', 'acting', 'uncertain', 'needs_review', 'done'))
or exists (
    select from interactions i
    where i.contact_id = t.id and i.type = 'greet' and i.occasion = day.occasion)
