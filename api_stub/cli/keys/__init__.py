"""`rapport keys`: who may use the HTTP API."""
