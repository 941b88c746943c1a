"""What is remembered: tables, stores and statements."""
