"""Draw on terminals: measured and folded texts, tables, a live screen, keys and questions."""
