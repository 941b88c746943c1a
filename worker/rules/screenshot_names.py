"""File names of screenshots, from which those of one person can be found again."""

import re

from worker.rules.model import Kind

_KINDS = "|".join(Kind)


def screenshot_name(account_id: int, profile_url: str, kind: Kind, attempt: int) -> str:
    """Return the file name; `profile_url` is the normalised address of the person on the page."""
    return f"{account_id}-{_person(profile_url)}-{kind}-{attempt}.png"


def is_screenshot_of(name: str, account_id: int, profile_url: str) -> bool:
    """Return whether a screenshot of this name is of this person, as far as the name tells.

    Two addresses that differ only in characters that a file name can't hold are taken for one person.
    """
    person = re.escape(_person(profile_url))
    return re.fullmatch(rf"{account_id}-{person}-(?:{_KINDS})-\d+\.png", name) is not None


def _person(profile_url: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "_", profile_url.rstrip("/").rpartition("/")[2])[:60]
