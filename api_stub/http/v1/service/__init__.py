"""What concerns the whole service."""
