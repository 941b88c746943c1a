"""Bodies of the routes for saved searches and the people that searches found."""

from datetime import datetime
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from db.store.campaigns.rescoring import RescoreReport
from db.store.campaigns.saved_searches import SavedSearchRecord
from db.store.campaigns.search_hits import HitLine
from db.store.quota.search_forecast import SearchEstimate
from worker.rules.sourcing.criteria import Criteria, Criterion, given_criteria
from worker.rules.sourcing.profile import Section
from worker.rules.sourcing.search import build_search_url

_CRITERIA: Final[JsonDict] = {"title": "Architect", "location": "Lyon"}


class SearchIn(BaseModel):
    """What is searched for, and what people are scored by."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"criteria": _CRITERIA}]})

    url: str | None = Field(
        None, min_length=1, max_length=2000, description="The address of a people search on the site."
    )
    criteria: Criteria = Field(
        default_factory=Criteria, description="To score by and, without `url`, to search by."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.url is None and not given_criteria(self.criteria):
            raise ValueError("there is nothing to search for: give url, or criteria")
        return self


class SearchTerm(BaseModel):
    """A name and a value of the site's own search address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "title", "value": "Architect"}]})

    name: str
    value: str


class SavedSearchOut(BaseModel):
    """One saved search."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account": "demo",
                    "name": "architects",
                    "url": "https://sandbox.test/search?title=Architect&location=Lyon",
                    "terms": [{"name": "title", "value": "Architect"}],
                    "criteria": _CRITERIA,
                    "created_at": "2026-11-02T08:00:00Z",
                }
            ]
        }
    )

    account: str
    name: str
    url: str = Field(description="The search's address on the site.")
    terms: list[SearchTerm]
    criteria: Criteria
    created_at: datetime


class ReasonOut(BaseModel):
    """A part of a score."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{"criterion": "title", "points": 50, "text": "title Architect"}]},
    )

    criterion: Criterion
    points: int
    text: str


class HitOut(BaseModel):
    """A person that a search found. Values are from the search page until the profile is read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rank": 1,
                    "score": 92,
                    "contact_id": 42,
                    "full_name": "Zoé Lefèvre",
                    "profile_url": "https://sandbox.test/in/zoe-lefevre/",
                    "headline": "Architect",
                    "location": "Lyon",
                    "degree": 2,
                    "open_to_work": False,
                    "is_read": True,
                    "reasons": [{"criterion": "title", "points": 50, "text": "title Architect"}],
                }
            ]
        }
    )

    rank: int = Field(description="1 is the best, counted over the pages that were read.")
    score: int | None = Field(description="0 to 100; null without criteria, and before it was scored.")
    contact_id: int
    full_name: str
    profile_url: str
    headline: str
    location: str
    degree: int | None = Field(description="1 for a connection.")
    open_to_work: bool
    is_read: bool = Field(description="The profile was opened.")
    reasons: list[ReasonOut]


class SearchEstimateOut(BaseModel):
    """A search from its first page to its last profile."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "pages": 5,
                    "people": 50,
                    "last_page_at": "2026-11-03T08:00:00Z",
                    "last_profile_at": "2026-11-06T10:30:00Z",
                }
            ]
        }
    )

    pages: int = Field(description="At most so many are read.")
    people: int
    last_page_at: datetime | None = Field(description="Null: not within a year.")
    last_profile_at: datetime | None = Field(description="Null: not within a year.")


class EstimateOut(BaseModel):
    """When a campaign is done."""

    ends_at: datetime | None = Field(
        description="When its last planned action is done. Null: nothing is left to do, it is stopped, or it "
        "takes longer than the forecasts look ahead."
    )
    search: SearchEstimateOut | None = Field(description="Its whole search; null without one.")


class RescoreIn(BaseModel):
    """New criteria."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"criteria": _CRITERIA}]})

    criteria: Criteria


class RescoredOut(BaseModel):
    """What scoring by new criteria did."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"people": 30, "not_opened": 18, "unread": {"skills": 4}}]}
    )

    people: int = Field(description="People who were scored, from stored profiles.")
    not_opened: int = Field(description="Of these, scored by what the search page showed.")
    unread: dict[Section, int] = Field(
        description="By section that the criteria need: profiles that were read without it."
    )


def build_search(record: SavedSearchRecord) -> SavedSearchOut:
    """Return the answer for a saved search."""
    return SavedSearchOut(
        account=record.account,
        name=record.name,
        url=build_search_url(record.spec.query, record.site),
        terms=[SearchTerm(name=name, value=value) for name, value in record.spec.query.terms],
        criteria=record.spec.criteria,
        created_at=record.created_at,
    )


def build_hit(rank: int, line: HitLine) -> HitOut:
    """Return the answer for a line of a ranking."""
    return HitOut(
        rank=rank,
        score=line.score,
        contact_id=line.contact_id,
        full_name=line.full_name,
        profile_url=line.profile_url,
        headline=line.headline,
        location=line.location,
        degree=line.degree,
        open_to_work=line.open_to_work,
        is_read=line.is_read,
        reasons=[ReasonOut.model_validate(each) for each in line.reasons],
    )


def build_estimate(ends_at: datetime | None, search: SearchEstimate | None) -> EstimateOut:
    """Return the answer for an estimate."""
    return EstimateOut(
        ends_at=ends_at,
        search=SearchEstimateOut(
            pages=search.pages,
            people=search.people,
            last_page_at=search.last_page,
            last_profile_at=search.last_profile,
        )
        if search
        else None,
    )


def build_rescored(report: RescoreReport) -> RescoredOut:
    """Return the answer for a rescoring."""
    return RescoredOut(people=report.people, not_opened=report.not_opened, unread=dict(report.unread))
