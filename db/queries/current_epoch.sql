-- The epoch of an account's quota, if :locks_epoch. Nobody raises it before the transaction ends, so grants of the epoch
-- stay valid until then.
select e.epoch
from quota_epochs e
where e.account_id = :account_id and :locks_epoch
for share
