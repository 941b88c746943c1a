"""`rapport quota` and `forecast`: limits, what is used of them, and whom they will let through when."""
