"""`rapport sourcing`: results of searches, and saved searches."""
