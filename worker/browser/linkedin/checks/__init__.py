"""What `rapport selectors check` opens and compares on LinkedIn."""
