"""The adapter of LinkedIn: written from saved pages and other projects' notes, never run on the live site."""
