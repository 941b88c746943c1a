"""Every statement that changes an action's state, and the reads of actions that go with them."""
