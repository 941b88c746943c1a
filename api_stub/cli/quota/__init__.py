"""`rapport quota` and `rapport forecast`: limits, their usage, and who is reached when."""
