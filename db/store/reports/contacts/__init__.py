"""What is known about contacts: their list, and the page of one."""
