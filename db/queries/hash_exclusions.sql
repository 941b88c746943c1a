-- Replaces the addresses and names of an account's exclusions by hashes, which the account's queries match as well.
with plain as (
    delete from exclusions
    where account_id = :account_id and coalesce(profile_url, name_key) not like 'sha256:%'
    returning profile_url, name_key, occasion
)
insert into exclusions (account_id, profile_url, name_key, occasion)
select :account_id,
       'sha256:' || encode(sha256(convert_to(profile_url, 'UTF8')), 'hex'),
       'sha256:' || encode(sha256(convert_to(name_key, 'UTF8')), 'hex'),
       occasion
from plain
on conflict do nothing
