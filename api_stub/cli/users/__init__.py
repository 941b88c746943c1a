"""`rapport users`: who may open the console."""
