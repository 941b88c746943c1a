"""Every statement that changes an action's state, and reads of actions that go with them."""
