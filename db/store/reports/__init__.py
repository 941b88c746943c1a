"""Read-only reports: lists, summaries, and the facts behind `rapport why`."""
