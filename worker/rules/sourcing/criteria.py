"""The criteria of a sourcing campaign, and the profile sections that they need."""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from worker.rules.languages import is_known_language
from worker.rules.sourcing.phrases import fold_text
from worker.rules.sourcing.profile import Section
from worker.rules.wire.json_types import JSON_NUMBER


def _check_phrase(phrase: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in phrase):
        raise PydanticCustomError("control_character", "a phrase is one line, without control characters")
    if not any(character.isalnum() for character in fold_text(phrase)):
        raise PydanticCustomError("no_word", "there is no letter or digit to search for")
    return phrase


def _check_language(code: str) -> str:
    if not is_known_language(code):
        raise PydanticCustomError("language", "give a language as two letters of ISO 639-1, such as en or fr")
    return code


def _check_unique(phrases: tuple[str, ...]) -> tuple[str, ...]:
    seen = set()
    for phrase in phrases:
        if fold_text(phrase) in seen:
            # Passed as a value, so that a brace in the phrase is not taken for a placeholder.
            raise PydanticCustomError("twice", "{phrase} is given twice", {"phrase": phrase})
        seen.add(fold_text(phrase))
    return phrases


_NO_CONTROL = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"

Phrase = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_check_phrase),
    Field(json_schema_extra={"pattern": rf"^{_NO_CONTROL}*[\p{{L}}\p{{N}}]{_NO_CONTROL}*$"}),
]
LanguageCode = Annotated[
    str, AfterValidator(_check_language), Field(json_schema_extra={"pattern": "^[a-z]{2}$"})
]
Weight = Annotated[int, Field(ge=1, le=100), JSON_NUMBER]
Years = Annotated[int, Field(ge=0, le=50), JSON_NUMBER]
EachOnce = AfterValidator(_check_unique)


class Criterion(StrEnum):
    """The kinds of criteria."""

    KEYWORDS = "keywords"
    TITLE = "title"
    LOCATION = "location"
    COMPANY = "company"
    SKILLS = "skills"
    YEARS = "years"
    LANGUAGES = "languages"
    OPEN_TO_WORK = "open_to_work"


def _accept_repeated(schema: JsonDict) -> None:
    """Let the schema of a set be true: a member named twice counts once."""
    del schema["uniqueItems"]


class Criteria(BaseModel):
    """What a person should meet. Only the profile sections that the given criteria need are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keywords: Annotated[tuple[Phrase, ...], EachOnce] = Field(
        (), max_length=10, description="Anywhere in the profile."
    )
    title: Phrase | None = Field(None, description="In the headline or the title of a job.")
    location: Phrase | None = Field(None, description="In the location.")
    company: Phrase | None = Field(None, description="A company worked for, now or before.")
    skills: Annotated[tuple[Phrase, ...], EachOnce] = Field(
        (), max_length=20, description="Among the skills."
    )
    min_years: Years | None = Field(None, description="Years of experience, at least.")
    max_years: Years | None = Field(None, description="Years of experience, at most.")
    languages: Annotated[tuple[LanguageCode, ...], EachOnce] = Field(
        (), max_length=5, description="Spoken (ISO 639-1)."
    )
    open_to_work: StrictBool | None = Field(None, description="Whether the profile says so.")
    weights: Mapping[Criterion, Weight] = Field({}, description="How much each criterion counts, relatively.")
    required: frozenset[Criterion] = Field(
        frozenset(),
        description="Missing one of these takes points away.",
        json_schema_extra=_accept_repeated,
    )

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if self.min_years is not None and self.max_years is not None and self.min_years > self.max_years:
            raise PydanticCustomError(
                "years",
                "min_years ({least}) is above max_years ({most})",
                {"least": self.min_years, "most": self.max_years},
            )
        given = given_criteria(self)
        for field, named in (("weights", frozenset(self.weights)), ("required", self.required)):
            if unknown := sorted(named - given):
                raise PydanticCustomError(
                    "not_asked",
                    "{field} names {criteria}, which have no value: give each a value, or leave it out",
                    {"field": field, "criteria": " and ".join(unknown)},
                )
        return self


_SECTIONS_NEEDED: Mapping[Criterion, frozenset[Section]] = {
    Criterion.KEYWORDS: frozenset(Section) - {Section.LANGUAGES},
    Criterion.TITLE: frozenset({Section.POSITIONS}),
    Criterion.LOCATION: frozenset(),
    Criterion.COMPANY: frozenset({Section.POSITIONS}),
    Criterion.SKILLS: frozenset({Section.SKILLS}),
    Criterion.YEARS: frozenset({Section.POSITIONS}),
    Criterion.LANGUAGES: frozenset({Section.LANGUAGES}),
    Criterion.OPEN_TO_WORK: frozenset(),
}


def given_criteria(criteria: Criteria) -> frozenset[Criterion]:
    """Return the criteria that have a value."""
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
    """Return the profile sections that the criteria need. No others are read or stored."""
    return frozenset().union(*(_SECTIONS_NEEDED[criterion] for criterion in given_criteria(criteria)))
