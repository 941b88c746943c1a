"""Whom a sourcing campaign looks for: the criteria, bounded, and what reading they need."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from worker.rules.profile import Section

Phrase = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Weight = Annotated[int, Field(ge=1, le=100)]


class Criterion(StrEnum):
    """What a person can meet or miss."""

    KEYWORDS = "keywords"
    TITLE = "title"
    LOCATION = "location"
    COMPANY = "company"
    SKILLS = "skills"
    YEARS = "years"
    LANGUAGES = "languages"
    OPEN_TO_WORK = "open_to_work"


class Criteria(BaseModel):
    """Whom to look for. What is not given is not asked, and its part of a profile is not read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keywords: tuple[Phrase, ...] = Field((), max_length=10, description="Anywhere in the profile.")
    title: Phrase | None = Field(None, description="In the headline or the title of a job.")
    location: Phrase | None = Field(None, description="In the location.")
    company: Phrase | None = Field(None, description="A company worked for, now or before.")
    skills: tuple[Phrase, ...] = Field((), max_length=20, description="Among the skills.")
    min_years: int | None = Field(None, ge=0, le=50, description="Years of experience, at least.")
    max_years: int | None = Field(None, ge=0, le=50, description="Years of experience, at most.")
    languages: tuple[LanguageCode, ...] = Field((), max_length=5, description="Spoken (ISO 639-1).")
    open_to_work: bool | None = Field(None, description="Whether the profile says so.")
    weights: Mapping[Criterion, Weight] = Field({}, description="How much each criterion counts, relatively.")
    required: frozenset[Criterion] = Field(frozenset(), description="Missing one of these takes points away.")


_NEEDED: Mapping[Criterion, frozenset[Section]] = {
    Criterion.KEYWORDS: frozenset(Section) - {Section.LANGUAGES},
    Criterion.TITLE: frozenset({Section.POSITIONS}),
    Criterion.LOCATION: frozenset(),
    Criterion.COMPANY: frozenset({Section.POSITIONS}),
    Criterion.SKILLS: frozenset({Section.SKILLS}),
    Criterion.YEARS: frozenset({Section.POSITIONS}),
    Criterion.LANGUAGES: frozenset({Section.LANGUAGES}),
    Criterion.OPEN_TO_WORK: frozenset(),
}


def asked(criteria: Criteria) -> frozenset[Criterion]:
    """Return which criteria are given."""
    given = {
        Criterion.KEYWORDS: bool(criteria.keywords),
        Criterion.TITLE: criteria.title is not None,
        Criterion.LOCATION: criteria.location is not None,
        Criterion.COMPANY: criteria.company is not None,
        Criterion.SKILLS: bool(criteria.skills),
        Criterion.YEARS: criteria.min_years is not None or criteria.max_years is not None,
        Criterion.LANGUAGES: bool(criteria.languages),
        Criterion.OPEN_TO_WORK: criteria.open_to_work is not None,
    }
    return frozenset(criterion for criterion, is_given in given.items() if is_given)


def needed_sections(criteria: Criteria) -> frozenset[Section]:
    """Return the sections of a profile that the criteria need; nothing else is read or kept."""
    return frozenset().union(*(_NEEDED[criterion] for criterion in asked(criteria)))
