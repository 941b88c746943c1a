"""The data of a profile page. The control endpoints return the same.

The parts are named tuples, because the state file stores them as JSON lists.
"""

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple


class Job(NamedTuple):
    """A job. Dates are `2019-03`, or `2019` if the month is unknown.

    Without `ended` it is current; without both dates, the page shows none.
    """

    title: str
    company: str
    started: str | None
    ended: str | None


class School(NamedTuple):
    """A school or university, with years if they are known."""

    school: str
    degree: str
    started: int | None
    ended: int | None


class Certificate(NamedTuple):
    """A licence or a certificate, issued in a month such as `2019-03`."""

    name: str
    issuer: str
    issued: str


class LanguageSkill(NamedTuple):
    """A language, as the person names it, and its level: 1 (elementary) to 5 (native)."""

    language: str
    level: int


@dataclass(frozen=True, slots=True)
class Profile:
    """A person on the network. `language` is the person's, not that of the pages."""

    slug: str
    name: str
    headline: str
    location: str
    language: str
    about: str
    open_to_work: bool
    jobs: tuple[Job, ...]
    schools: tuple[School, ...]
    skills: tuple[str, ...]
    certificates: tuple[Certificate, ...]
    spoken: tuple[LanguageSkill, ...]


def fold_text(text: str) -> str:
    """Return a text as the search compares it: lower case, without accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()
