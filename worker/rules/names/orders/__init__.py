"""Where the given name stands in a name, by convention."""
