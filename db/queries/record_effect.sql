-- Ends an action as done, and writes its interaction and the date of a greeted contact, or nothing of it: no row if the
-- claim was lost. An action has one interaction, so it may be repeated.
with done as (
    update actions
    set state = 'done', reason = null, detail = null, lease_owner = null, lease_until = null, updated_at = now()
    where id = :action_id and state = :was and attempt = :attempt
    returning *
), recorded as (
    insert into interactions (
        account_id, contact_id, action_id, type, status, occasion, message, screenshot, correlation_id
    )
    select d.account_id, d.contact_id, d.id, d.kind, :status, d.occasion, :text, :screenshot, d.correlation_id
    from done d
), greeted as (
    update contacts c
    set last_greeted_on = greatest(
        c.last_greeted_on, cast(coalesce(d.acting_since, now()) at time zone :zone as date))
    from done d
    where c.id = d.contact_id and d.kind = 'greet'
)
select id from done
