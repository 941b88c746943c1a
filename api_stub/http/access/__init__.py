"""Who may do what: the checks of host, key, scope and session before a request is routed."""
