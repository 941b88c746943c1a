"""Who a person is: profile addresses, keys of identity, mentions in texts, and merging."""
