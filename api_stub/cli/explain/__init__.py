"""`rapport why` and `summary`, and the words for what stops an account and when something happens."""
