-- Keeps, by hash, whom an account greeted for which occasion (or may have greeted), and whom it must not contact, before
-- the account's people are erased.
insert into exclusions (account_id, profile_url, occasion)
select :account_id, 'sha256:' || encode(sha256(convert_to(key.address, 'UTF8')), 'hex'), known.occasion
from contacts c
join lateral (
    select c.profile_url as address
    union
    select c.member_url where c.member_url is not null
) key on true
join lateral (
    select i.occasion from interactions i where i.contact_id = c.id and i.type = 'greet'
    union
    select a.occasion from actions a where a.contact_id = c.id and a.kind = 'greet' and a.acting_since is not null
    union
    select 'birthday:' || extract(year from c.last_greeted_on) where c.last_greeted_on is not null
    union
    select null where c.do_not_contact
) known on true
where c.account_id = :account_id and c.forgotten_at is null
on conflict do nothing
