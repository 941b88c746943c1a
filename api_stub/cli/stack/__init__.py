"""`rapport demo`, `up`, `doctor`, `migrate`, and the command of each process."""
