"""Import of the SQLite file of V1, Rapport's predecessor: people, messages, visits and the blacklist."""
