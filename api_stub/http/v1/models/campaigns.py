"""Bodies of the routes for campaigns."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tasks.contract import (
    AccountName,
    BirthdayCampaign,
    BirthdayOptions,
    InvitationsCampaign,
    InvitationsOptions,
    SourcingCampaign,
    SourcingOptions,
    VisitorCampaign,
    VisitorOptions,
)
from worker.rules.invitations import Verdict
from worker.rules.model import CampaignKind


class _Start(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account: AccountName
    campaign_id: UUID | None = Field(
        None, description="An id of your own makes repeating the request harmless."
    )


class BirthdayStart(_Start):
    """Greet the birthdays of today and the last days."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "birthday", "account": "demo", "options": {"approval": True}}]
        }
    )

    kind: Literal[CampaignKind.BIRTHDAY]
    options: BirthdayOptions = BirthdayOptions()

    def to_request(self) -> BirthdayCampaign:
        """Return the arguments of the task."""
        return BirthdayCampaign.model_validate(_join(self, self.options))


class VisitorStart(_Start):
    """Open profiles: of a saved search, of a list, or of connections not seen for long."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "visitor", "account": "demo", "options": {"not_seen_months": 6}}]
        }
    )

    kind: Literal[CampaignKind.VISITOR]
    options: VisitorOptions

    def to_request(self) -> VisitorCampaign:
        """Return the arguments of the task."""
        return VisitorCampaign.model_validate(_join(self, self.options))


class SourcingStart(_Start):
    """Search for people, read their profiles and score them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "sourcing",
                    "account": "demo",
                    "options": {"criteria": {"title": "Architect", "location": "Lyon"}, "limit": 50},
                }
            ]
        }
    )

    kind: Literal[CampaignKind.SOURCING]
    options: SourcingOptions

    def to_request(self) -> SourcingCampaign:
        """Return the arguments of the task."""
        return SourcingCampaign.model_validate(_join(self, self.options))


class InvitationsStart(_Start):
    """Withdraw old invitations; with `dry_run`, list all that are not answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "invitations", "account": "demo", "options": {"older_than_days": 60}}]
        }
    )

    kind: Literal[CampaignKind.INVITATIONS]
    options: InvitationsOptions = InvitationsOptions()

    def to_request(self) -> InvitationsCampaign:
        """Return the arguments of the task."""
        return InvitationsCampaign.model_validate(_join(self, self.options))


CampaignStart: TypeAlias = Annotated[
    BirthdayStart | VisitorStart | SourcingStart | InvitationsStart, Field(discriminator="kind")
]
"""A campaign to start. The options are those that each kind has."""


def _join(start: _Start, options: BaseModel) -> dict[str, object]:
    return {
        "account": start.account,
        "campaign_id": start.campaign_id,
        **options.model_dump(exclude_unset=True),
    }


def _none_if_empty(given: object) -> object:
    return None if given == "" else given


_Text: TypeAlias = Annotated[str | None, BeforeValidator(_none_if_empty)]
_Day: TypeAlias = Annotated[date | None, BeforeValidator(_none_if_empty)]
_Moment: TypeAlias = Annotated[datetime | None, BeforeValidator(_none_if_empty)]


class PreviewLineOut(BaseModel):
    """A line of a dry run: a person and what would be done, or the search that would be made.

    What a kind of campaign doesn't have is null.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contact": "Zoé Lefèvre",
                    "profile_url": "https://sandbox.test/in/zoe-lefevre/",
                    "left_out": None,
                    "detail": None,
                    "already": None,
                    "occasion": "birthday:2026",
                    "on": "2026-11-02",
                    "until": "2026-11-05",
                    "held_until": None,
                    "message": "Bon anniversaire, Zoé !",
                    "when": "2026-11-02T08:03:00Z",
                    "waits_for": None,
                    "last_seen": None,
                    "days": None,
                    "verdict": None,
                    "search": None,
                    "sections": None,
                }
            ]
        }
    )

    contact: _Text = None
    profile_url: _Text = None
    left_out: _Text = Field(None, description="Why nothing would be done for this person.")
    detail: _Text = None
    already: _Text = Field(None, description="The state of the action that is planned already.")
    occasion: _Text = None
    on: _Day = Field(None, description="The birthday, or the day on which the invitation was sent.")
    until: _Day = Field(None, description="The last day on which the greeting makes sense.")
    held_until: _Day = Field(None, description="The hold of this person ends on this day.")
    message: _Text = None
    when: _Moment = Field(None, description="When it would be sent, by the forecast.")
    waits_for: _Text = Field(None, description="The reason for waiting until then.")
    last_seen: _Moment = Field(None, description="When the profile was last opened.")
    days: int | None = Field(None, description="How many days ago the invitation was sent, at least.")
    verdict: Verdict | None = Field(None, description="What would be done with the invitation.")
    search: _Text = Field(None, description="The address of the search.")
    sections: _Text = Field(None, description="The sections of a profile that would be read.")
