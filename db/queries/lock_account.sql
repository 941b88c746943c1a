-- Locks an account until the transaction ends, as a dispatcher does. Fails if another one has locked it.
select from accounts where id = :account_id for no key update nowait
