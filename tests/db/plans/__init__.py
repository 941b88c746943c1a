"""Which index each of the store's statements uses."""
