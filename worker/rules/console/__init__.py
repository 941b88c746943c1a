"""Who may open the console: roles, names, passwords, and waits after wrong ones."""
