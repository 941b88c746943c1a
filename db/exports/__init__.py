"""Out of Postgres into files: contacts and interactions, streamed, in formats that others read."""
