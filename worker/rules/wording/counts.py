"""Numbers with their nouns."""


def format_count(count: int, one: str, several: str) -> str:
    """Return a number and its noun, in the singular for 1."""
    return f"{count} {one if count == 1 else several}"
