"""The practice network: pages, faults, and a ledger of every effect."""
