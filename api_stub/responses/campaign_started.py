"""The answer of commands that start a campaign, with `--json`."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel, Field

from api_stub.responses.history import ActionOut
from db.store.campaigns.campaigns import CampaignRecord
from db.store.reports.overview import ActionLine


class CampaignStarted(BaseModel):
    """A campaign that was planned, or the preview of a dry run."""

    campaign_id: UUID
    account: str
    kind: str
    state: str
    correlation_id: str
    preview: list[dict[str, str]] | None = Field(
        description="For a dry run: what would be done, and to whom. Else null."
    )
    actions: list[ActionOut] = Field(description="What was planned. A search plans its first page.")


def build_campaign_started(campaign: CampaignRecord, actions: Sequence[ActionLine]) -> CampaignStarted:
    """Return the answer for a campaign and its actions."""
    return CampaignStarted(
        campaign_id=campaign.id,
        account=campaign.account,
        kind=campaign.kind,
        state=campaign.state,
        correlation_id=campaign.correlation_id,
        preview=campaign.preview,
        actions=[ActionOut.model_validate(line) for line in actions],
    )
