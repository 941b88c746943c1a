"""The `rapport` command, one file for each noun."""
