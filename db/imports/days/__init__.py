"""Days as files write them."""
