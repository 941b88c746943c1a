"""Bodies of the campaign routes."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from worker.rules.campaign_progress import CampaignProgress
from worker.rules.model import SearchEnd


class Accepted(BaseModel):
    """A campaign was requested."""

    campaign_id: UUID
    correlation_id: str
    dry_run: bool


class CampaignOut(BaseModel):
    """One campaign with its options and progress."""

    id: UUID
    account: str
    kind: str
    state: str
    progress: CampaignProgress = Field(description="How far it has come; `state` only says if it is planned.")
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

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    account: str
    kind: str
    state: str
    progress: CampaignProgress = Field(description="How far it has come; `state` only says if it is planned.")
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


class CampaignChanged(BaseModel):
    """A campaign after it was paused, resumed or cancelled."""

    id: UUID
    state: str
    dropped: int = Field(description="Number of planned actions that were skipped.")
