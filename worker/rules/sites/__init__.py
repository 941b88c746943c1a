"""The registry of sites, and what is known about their pages and sign-ins."""
