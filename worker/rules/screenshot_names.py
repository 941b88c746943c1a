"""File names of screenshots and traces, from which those of one person can be found again."""

import re
import unicodedata
from urllib.parse import unquote

from worker.rules.model import Kind

_KINDS = "|".join(Kind)
_LONGEST_PERSON = 120
"""Bytes; a file name may have 255."""


def screenshot_name(account_id: int, profile_url: str, kind: Kind, attempt: int) -> str:
    """Return the file name; `profile_url` is the normalised address of the person on the page.

    The name says who it is as the address does, in letters of any script. For a page with several people,
    give the action's occasion.
    """
    return f"{account_id}-{_person(profile_url)}-{kind}-{attempt}.png"


def trace_name(account_id: int, profile_url: str, kind: Kind, attempt: int) -> str:
    """Return the file name of a trace: that of the screenshot of the same attempt, with another ending."""
    return screenshot_name(account_id, profile_url, kind, attempt).removesuffix(".png") + ".zip"


def is_screenshot_of(name: str, account_id: int, profile_url: str, kind: Kind | None = None) -> bool:
    """Return whether a screenshot or trace of this name is of this person (and kind), as far as it tells.

    Two addresses that differ only in characters that a file name can't hold are taken for one person.
    """
    people = "|".join(re.escape(person(profile_url)) for person in (_person, _person_in_ascii))
    return re.fullmatch(rf"{account_id}-(?:{people})-(?:{kind or _KINDS})-\d+\.(?:png|zip)", name) is not None


def _person(profile_url: str) -> str:
    plain = unicodedata.normalize("NFC", unquote(_last_part(profile_url)))
    shown = re.sub(r"[^\w-]+", "_", plain)
    return shown.encode()[:_LONGEST_PERSON].decode(errors="ignore")


def _person_in_ascii(profile_url: str) -> str:
    """As screenshots of earlier versions are named."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", _last_part(profile_url))[:60]


def _last_part(profile_url: str) -> str:
    return profile_url.rstrip("/").rpartition("/")[2]
