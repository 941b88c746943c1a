"""Search criteria, and how well a profile meets them."""
