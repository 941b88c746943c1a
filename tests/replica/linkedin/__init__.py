"""A replica of LinkedIn, written from what is known of its pages, not from the adapter."""
