"""What a person is shown of what happened and why."""
