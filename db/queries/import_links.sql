-- Creates the temporary table of the pairs of a profile address and a member id that entries name together. An address
-- that is named with several ids proves nothing and is left out. `chosen` is the first address of an id.
create temp table import_links on commit drop as
with pairs as (
    select address, member, min(line) as line
    from import_rows
    where member is not null and address <> member
    group by address, member
)
select p.address, p.member, row_number() over (partition by p.member order by p.line) = 1 as chosen
from pairs p
join (select address from pairs group by address having count(*) = 1) one using (address)
