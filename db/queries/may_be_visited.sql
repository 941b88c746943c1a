-- Condition: a visitor campaign may choose the contact `c` of :account_id: connected, not excluded, not on hold, and without
-- a visit that is planned or under way.
c.account_id = :account_id
and c.status = 'connected'
and c.forgotten_at is null
and not c.do_not_contact
and (c.hold_until is null
     or c.hold_until <= (select cast(timezone(o.time_zone, now()) as date) from accounts o where o.id = :account_id))
and c.id <> all (array(
    select v.contact_id from actions v
    where v.account_id = :account_id and v.kind = 'visit' and v.contact_id is not null
      and (v.state = 'planned' or v.state in ('queued', 'claimed', 'acting'))))  -- one `in` would use neither index
