-- Returns the pairs that join two known contacts, or give the contact of a member id its first profile address.
select l.address, l.member
from import_links l
join contacts c on c.account_id = :account_id and c.member_url = l.member and c.profile_url = c.member_url
where l.chosen
order by l.address
