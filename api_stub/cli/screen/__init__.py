"""Draw on terminals: measured and folded texts, tables, a live screen, and keys."""
