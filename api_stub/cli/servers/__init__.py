"""The data folder and the servers of a command: given, running already, or started for it."""
