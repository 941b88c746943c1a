"""What a person approves: this recipient and this text, and nothing else."""

import hashlib


def approval_of(profile_url: str, message: str) -> str:
    """Return the hash that binds an approval to a recipient (normalised profile address) and a text."""
    return hashlib.sha256(f"{profile_url}\n{message}".encode()).hexdigest()
