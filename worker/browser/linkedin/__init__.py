"""The adapter of LinkedIn: written from saved pages and notes of others, never run on the live site by us."""
