-- Returns contacts that may be erased: not connected, not excluded, not on hold, without open actions, and not seen, found,
-- visited, greeted or heard from since :before. With :among, only those of them.
select c.id, c.profile_url, c.member_url
from contacts c
where c.account_id = :account_id
  and c.status in ('prospect', 'not_connected')
  and not c.do_not_contact
  and c.forgotten_at is null
  and (c.hold_until is null or c.hold_until <= current_date)
  and c.created_at < :before
  and (c.replied_at is null or c.replied_at < :before)
  and (c.last_greeted_on is null or c.last_greeted_on < cast(:before as date))
  and (cast(:among as bigint[]) is null or c.id = any (cast(:among as bigint[])))
  and not exists (
      select from actions a
      where a.contact_id = c.id
        and (a.state not in ('done', 'failed', 'skipped') or a.updated_at >= :before))
  and not exists (select from interactions i where i.contact_id = c.id and i.created_at >= :before)
  and not exists (select from profiles p where p.contact_id = c.id and p.read_at >= :before)
  and not exists (select from hits h where h.contact_id = c.id and h.found_at >= :before)
order by c.id
