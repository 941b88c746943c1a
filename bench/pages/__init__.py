"""What pages, lists and scrapes cost."""
