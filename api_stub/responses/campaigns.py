"""Bodies of the campaign routes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api_stub.responses.history import HAPPENED_EXAMPLE, OPEN_EXAMPLE, HappenedOut, OpenOut
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.requests import WaitingRequest
from db.store.campaigns.search_progress import SearchProgress
from db.store.reports.summary import CampaignSummary
from worker.errors import Reason
from worker.rules.model import ActionState, CampaignKind, SearchEnd
from worker.rules.reports.campaign_progress import CampaignProgress, campaign_progress

REQUESTED: Final = "requested"
"""The state of a campaign that no worker has taken up."""

_EXAMPLE: Final[JsonDict] = {
    "id": "1f3a6c7e-0b6e-4f0f-9a51-2a4f7c1f9b10",
    "account": "demo",
    "kind": "sourcing",
    "state": "paused",
    "progress": "paused",
    "reason": "campaign_paused",
    "detail": "reading page 4",
    "options": {"criteria": {"title": "Architect"}, "limit": 50, "dry_run": False},
    "actions": {"done": 15, "planned": 18},
    "correlation_id": "5f1c0d5e8f0b4a7d",
    "created_at": "2026-11-02T08:00:00Z",
}
_EXAMPLE_SEARCH: Final[JsonDict] = {
    "pages": 3,
    "found": 30,
    "ended": "no_more_pages",
    "read": 12,
    "waiting": 18,
    "scored": 12,
    "best": 92,
    "mean": 61,
    "waits_for": "gap",
    "not_before": "2026-11-02T08:03:00Z",
}


class Accepted(BaseModel):
    """A campaign was requested."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"campaign_id": _EXAMPLE["id"], "correlation_id": "5f1c0d5e8f0b4a7d", "dry_run": False}
            ]
        }
    )

    campaign_id: UUID
    correlation_id: str
    dry_run: bool


class CampaignOut(BaseModel):
    """One campaign with its options and progress."""

    id: UUID
    account: str
    kind: str
    state: str
    progress: CampaignProgress = Field(description="Its progress; `state` only says whether it is planned.")
    reason: str | None
    detail: str | None
    options: dict[str, JsonValue]
    actions: dict[str, int] = Field(description="Number of actions in each state.")
    preview: list[dict[str, str]] | None = Field(
        None, description="For a dry run: what would be done, and to whom."
    )
    pages: int | None = Field(description="Search result pages that were read; null without a search.")
    found: int | None = Field(description="People found so far.")
    ended: SearchEnd | None = Field(description="Why the search ended; null while it continues.")
    stopped_by: str | None = Field(description="What stops its account now.")
    correlation_id: str
    created_at: datetime


class CampaignLineOut(BaseModel):
    """One campaign in the list."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    account: str
    kind: str
    state: str
    progress: CampaignProgress = Field(description="Its progress; `state` only says whether it is planned.")
    reason: str | None
    detail: str | None
    options: dict[str, JsonValue]
    actions: dict[str, int] = Field(description="Number of actions in each state.")
    correlation_id: str
    created_at: datetime


class CampaignPage(BaseModel):
    """Newest first. Pass `next_before` as `before` for the next page; it is null at the end."""

    items: list[CampaignLineOut]
    next_before: UUID | None


class SearchProgressOut(BaseModel):
    """How far a campaign's search is. `waits_for` and `not_before` are those of its next action."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_SEARCH]})

    pages: int = Field(description="Search result pages that were read.")
    found: int = Field(description="People found so far.")
    ended: SearchEnd | None = Field(description="Why the search ended; null while it continues.")
    read: int = Field(description="Profiles that were read.")
    waiting: int = Field(description="Profiles that will be read.")
    scored: int
    best: int | None = Field(description="The best score, 0 to 100.")
    mean: int | None
    waits_for: Reason | None
    not_before: datetime | None


class CampaignDetailOut(BaseModel):
    """One campaign with its options and progress. What a dry run found is a list of its own, `/preview`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_EXAMPLE, "preview_lines": 0, "search": _EXAMPLE_SEARCH, "stopped_by": "account_paused"}
            ]
        }
    )

    id: UUID
    account: str
    kind: CampaignKind
    state: str = Field(
        description="`requested` until a worker takes it up; then `reading` the site, `planned`, `paused`, "
        "`cancelled` or `failed`."
    )
    progress: CampaignProgress = Field(description="Its progress; `state` only says whether it is planned.")
    reason: Reason | None
    detail: str | None
    options: dict[str, JsonValue]
    actions: dict[ActionState, int] = Field(description="Number of actions in each state.")
    preview_lines: int = Field(description="Lines of a dry run's preview; 0 before it is done.")
    search: SearchProgressOut | None = Field(description="Null without a search.")
    stopped_by: str | None = Field(description="What stops its account now.")
    correlation_id: str
    created_at: datetime | None = Field(description="Null while it is only requested.")


class CampaignSummaryOut(BaseModel):
    """The results of a campaign so far: sent, left out, waiting, answered.

    Who was left out, and why, are its actions that were skipped or failed.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _EXAMPLE["id"],
                    "progress": "running",
                    "happened": HAPPENED_EXAMPLE,
                    "open": OPEN_EXAMPLE,
                }
            ]
        }
    )

    id: UUID
    progress: CampaignProgress
    happened: HappenedOut
    open: OpenOut


class CampaignChanged(BaseModel):
    """A campaign after it was paused, resumed or cancelled."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": _EXAMPLE["id"], "state": "cancelled", "dropped": 2}]}
    )

    id: UUID
    state: str
    dropped: int = Field(description="Number of planned actions that were skipped.")


def build_campaign_detail(
    campaign: CampaignRecord,
    actions: Mapping[ActionState, int],
    search: SearchProgress | None,
    *,
    preview_lines: int,
    stopped_by: str | None,
) -> CampaignDetailOut:
    """Return the answer for a campaign that a worker has taken up."""
    return CampaignDetailOut(
        id=campaign.id,
        account=campaign.account,
        kind=campaign.kind,
        state=campaign.state,
        progress=campaign_progress(campaign.state, actions, dry_run=campaign.is_dry_run),
        reason=campaign.reason,
        detail=campaign.detail,
        options=campaign.options,
        actions=dict(actions),
        preview_lines=preview_lines,
        search=_build_search(search) if search else None,
        stopped_by=stopped_by,
        correlation_id=campaign.correlation_id,
        created_at=campaign.created_at,
    )


def build_requested(waiting: WaitingRequest, *, stopped_by: str | None) -> CampaignDetailOut:
    """Return the answer for a campaign that is only requested."""
    options: dict[str, Any] = dict(waiting.options)
    return CampaignDetailOut(
        id=waiting.campaign_id,
        account=waiting.account,
        kind=waiting.kind,
        state=REQUESTED,
        progress=CampaignProgress.READING,
        reason=None,
        detail=None,
        options=options,
        actions={},
        preview_lines=0,
        search=None,
        stopped_by=stopped_by,
        correlation_id=waiting.correlation_id,
        created_at=None,
    )


def build_campaign_summary(found: CampaignSummary) -> CampaignSummaryOut:
    """Return the answer for a campaign's summary."""
    return CampaignSummaryOut(
        id=found.campaign.id,
        progress=found.progress,
        happened=HappenedOut.model_validate(found.happened),
        open=OpenOut.model_validate(found.open),
    )


def _build_search(found: SearchProgress) -> SearchProgressOut | None:
    at = found.progress
    if at.search is None:
        return None
    return SearchProgressOut(
        pages=at.search.pages,
        found=at.search.found,
        ended=at.search.ended,
        read=at.read,
        waiting=at.waiting,
        scored=found.scored,
        best=found.best,
        mean=found.mean,
        waits_for=found.waits_for,
        not_before=found.not_before,
    )
