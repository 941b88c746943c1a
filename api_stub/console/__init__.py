"""The console: pages for the person whose account it is, rendered on the server."""
