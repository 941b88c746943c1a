"""`rapport selectors`: check how a site serves its pages to an account."""
