"""A person's profile, as far as it was read."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Section(StrEnum):
    """The sections of a profile below its head. Each is read only if it is needed."""

    ABOUT = "about"
    POSITIONS = "positions"
    EDUCATION = "education"
    SKILLS = "skills"
    LANGUAGES = "languages"
    CERTIFICATIONS = "certifications"


@dataclass(frozen=True, slots=True)
class Position:
    """One job. Dates are the first day of a month; a year without a month counts as its January.

    `ended_on` is None while the job lasts. Both are None where the site shows no dates.
    """

    title: str
    company: str
    started_on: date | None
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class Education:
    """One school or university, with years where the site shows them."""

    school: str
    degree: str
    started: int | None
    ended: int | None


@dataclass(frozen=True, slots=True)
class Profile:
    """One person's profile. A section that is None was not read; an empty one was, and holds nothing.

    Texts are as the site shows them. `languages` are names without proficiency.
    """

    profile_url: str
    full_name: str
    headline: str
    location: str
    degree: int | None
    open_to_work: bool
    about: str | None = None
    positions: tuple[Position, ...] | None = None
    education: tuple[Education, ...] | None = None
    skills: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    certifications: tuple[str, ...] | None = None
