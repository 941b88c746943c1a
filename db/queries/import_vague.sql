-- Takes the address from entries whose name is vague and whose address nobody has: they can't make a new contact.
update import_rows r
set address = null
where r.extra ? 'vague' and r.address is not null and not r.extra ? 'died'
  and not exists (select from contacts k where k.profile_url = r.address and k.account_id = :account_id)
