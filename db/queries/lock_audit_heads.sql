-- Locks the ends of the chains of several accounts until the transaction ends, in one order for everybody who moves actions
-- of several.
select lock_audit_head(each.id)
from (select id from unnest(cast(:accounts as bigint[])) id order by id) each
