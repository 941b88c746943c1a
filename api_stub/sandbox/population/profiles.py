"""What a profile page shows of a person, and what the control endpoints tell as the truth.

The parts are named tuples: the state file keeps them as JSON lists.
"""

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple


class Job(NamedTuple):
    """A position. Dates are `2019-03`, or `2019` where the person told no month.

    Without `ended` it lasts; without both, the page shows no dates.
    """

    title: str
    company: str
    started: str | None
    ended: str | None


class School(NamedTuple):
    """A school or university, with years where the person told them."""

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
    """A language, as the person calls it, and how well: 1 (elementary) to 5 (native)."""

    language: str
    level: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody on the network. `language` is their own, not that of the pages."""

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
    """A text as the search compares it: without capitals and accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()
