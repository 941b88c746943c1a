"""The work: campaigns, dispatch, one action from claim to record, recovery and upkeep."""
