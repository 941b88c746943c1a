-- Lets the entries with a member id name their person by the address under which the account has it or will have it.
-- The id decides: an entry whose address belongs to a contact with another id, or is named with several ids, keeps
-- its id only.
update import_rows r
set address = coalesce(named.known, named.chosen, r.member)
from (
    select u.line, c.profile_url as known, case when k.id is null then l.address end as chosen
    from import_rows u
    left join contacts c on c.account_id = :account_id and c.member_url = u.member
    left join import_links l on l.member = u.member and l.chosen
    left join contacts k on k.account_id = :account_id and k.profile_url = l.address and k.member_url <> u.member
    where u.member is not null
) named
where r.line = named.line
