-- Records that the effect of a claimed action is about to happen. No row: the claim was lost.
update actions
set state = 'acting', acting_since = now(), acting_attempt = :attempt, updated_at = now()
where id = :action_id and state = 'claimed' and attempt = :attempt
returning id
