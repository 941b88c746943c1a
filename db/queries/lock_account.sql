-- Locks an account until the transaction ends, as a dispatcher does; waits for others who have locked it.
select from accounts where id = :account_id for no key update
