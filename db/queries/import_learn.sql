-- Gives known contacts the member id that the file names with their address, if nobody else has it.
update contacts c
set member_url = l.member
from import_links l
where l.chosen and c.account_id = :account_id and c.profile_url = l.address and c.member_url is null
  and not exists (select from contacts k where k.account_id = :account_id and k.member_url = l.member)
