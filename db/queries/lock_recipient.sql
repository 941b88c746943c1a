-- Locks the addresses of a person on a site until the transaction ends, in one order for everybody.
select pg_advisory_xact_lock(hashtextextended('voice:' || :site || ':' || address, 0))
from (select distinct address from unnest(cast(:addresses as text[])) address order by address) each
