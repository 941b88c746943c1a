"""What to do: campaigns, dispatch, one action from claim to record, recovery."""
