"""What a picture of a page is called, so that those of one person can be found again."""

import re

from worker.rules.model import Kind

_KINDS = "|".join(Kind)


def screenshot_name(account_id: int, profile_url: str, kind: Kind, attempt: int) -> str:
    """Return the file's name; `profile_url` is the normalised address of whom the page is about."""
    return f"{account_id}-{_person(profile_url)}-{kind}-{attempt}.png"


def is_screenshot_of(name: str, account_id: int, profile_url: str) -> bool:
    """Return whether a file of this name shows this person's page, as far as the name tells.

    Of two people whose addresses differ only in signs that a file's name can't have, both are meant.
    """
    person = re.escape(_person(profile_url))
    return re.fullmatch(rf"{account_id}-{person}-(?:{_KINDS})-\d+\.png", name) is not None


def _person(profile_url: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "_", profile_url.rstrip("/").rpartition("/")[2])[:60]
