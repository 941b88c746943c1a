-- Delete events that happened longer ago than :age, 5 000 at most, and with them their deliveries. The feed keeps to where
-- events were deleted, so that a reader who has not come that far is told.
with deleted as (
    delete from outbox_events
    where id in (
        select id from outbox_events where at < now() - cast(:age as interval) order by id limit 5000
        for update skip locked
    )
    returning position
), noted as (
    update event_feed set deleted_to = greatest(deleted_to, (select max(position) from deleted))
    where exists (select 1 from deleted)
)
select count(*) from deleted
