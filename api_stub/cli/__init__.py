"""The `rapport` command, one module or folder for each noun."""
