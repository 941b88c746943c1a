"""Everything that people and other services talk to."""
