"""One action, from dispatch to its record, and what is done when it did not get there."""
