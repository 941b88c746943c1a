"""Task names and payloads: the only part of `tasks` that HTTP and the command line import for campaigns.

A task is called by its name with JSON keyword arguments: the fields of its model. Anything else is refused
with a message that names the field, and nothing is planned.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, model_validator

from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import Criteria, given_criteria
from worker.rules.texts.bounds import MAX_LINE
from worker.rules.texts.characters import INVISIBLE_CHARACTERS
from worker.rules.wire.contract_version import NEWEST_VERSION, OLDEST_VERSION
from worker.rules.wire.json_types import JSON_NUMBER, PlainLine

BIRTHDAY_CAMPAIGN = "tasks.birthday.campaign"
BIRTHDAY_READ = "tasks.birthday.read"
BIRTHDAY_GREET = "tasks.birthday.greet"
BIRTHDAY_REPLIES = "tasks.birthday.replies"
VISITOR_CAMPAIGN = "tasks.visitor.campaign"
VISITOR_VISIT = "tasks.visitor.visit"
SOURCING_CAMPAIGN = "tasks.sourcing.campaign"
SOURCING_COLLECT = "tasks.sourcing.collect"
INVITATIONS_CAMPAIGN = "tasks.invitations.campaign"
INVITATIONS_READ = "tasks.invitations.read"
INVITATIONS_WITHDRAW = "tasks.invitations.withdraw"
IMPORTS_READ = "tasks.imports.read"
DISPATCH = "tasks.dispatch"
RECOVER = "tasks.recover"
UPKEEP_BACKUP = "tasks.upkeep.backup"
UPKEEP_RETENTION = "tasks.upkeep.retention"
UPKEEP_SCHEDULES = "tasks.upkeep.schedules"
UPKEEP_EVIDENCE = "tasks.upkeep.evidence"
UPKEEP_EXPIRY = "tasks.upkeep.expiry"
UPKEEP_QUOTA = "tasks.upkeep.quota"
UPKEEP_REPLIES = "tasks.upkeep.replies"
UPKEEP_SUMMARIES = "tasks.upkeep.summaries"
UPKEEP_DUE = "tasks.upkeep.due"

TASK_NAMES: Final = frozenset(
    text for constant, text in vars().items() if constant.isupper() and str(text).startswith("tasks.")
)
"""The names of all tasks."""

AccountName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="The account's name.")]

ActorName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_LINE,
        pattern=rf"^[^{INVISIBLE_CHARACTERS}]*[^\s\u200c-\u200f\ufe00-\ufe0f{INVISIBLE_CHARACTERS}][^{INVISIBLE_CHARACTERS}]*$",
        description="Who decides or changes something; it is stored. One line of visible characters.",
    ),
]


class Payload(BaseModel):
    """Base of all payloads. Unknown fields and wrong types are errors: a guess could send a text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Arguments(Payload):
    """Base of the arguments of a task."""

    contract_version: Annotated[int, Field(ge=OLDEST_VERSION, le=NEWEST_VERSION), JSON_NUMBER] = Field(
        OLDEST_VERSION, description="The version of this contract that the sender was written for."
    )


class CampaignOptions(Payload):
    """What a campaign of one kind is to do. Stored with the campaign."""

    kind: ClassVar[CampaignKind]

    def dump_options(self) -> dict[str, JsonValue]:
        """Return the options as JSON values, without the other fields of a request."""
        return self.model_dump(mode="json", exclude=REQUEST_FIELDS)


class CampaignRequest(CampaignOptions, Arguments):
    """Arguments of a task that starts a campaign: its options, for whom, and under which id."""

    task: ClassVar[str]

    account: AccountName
    campaign_id: UUID | None = Field(
        None, description="An id of your own makes repeating the request harmless."
    )


REQUEST_FIELDS: Final = set(CampaignRequest.model_fields)


class BirthdayOptions(CampaignOptions):
    """Which birthdays a campaign greets, with which texts, and whether a person approves them."""

    kind: ClassVar[CampaignKind] = CampaignKind.BIRTHDAY

    late_days: Annotated[int, Field(ge=0, le=10), JSON_NUMBER] = Field(
        3, description="Also greet birthdays up to this many days ago."
    )
    dry_run: StrictBool = Field(False, description="Only show what would be sent; plan and send nothing.")
    read_site: StrictBool = Field(True, description="Read the site's birthdays page before planning.")
    approval: StrictBool = Field(False, description="Let each greeting wait until a person has approved it.")
    fallback_language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = Field(
        "en", description="Language (ISO 639-1) for contacts whose language is unknown or has no template."
    )
    keep_replies: StrictBool = Field(
        False, description="Also store the text of replies, not only that there was one."
    )


class BirthdayCampaign(CampaignRequest, BirthdayOptions):
    """Arguments of tasks.birthday.campaign."""

    task: ClassVar[str] = BIRTHDAY_CAMPAIGN


SavedSearchName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
NoRepeatDays = Annotated[int, Field(ge=7, le=365), JSON_NUMBER]
StopAfter = Annotated[int, Field(ge=1, le=20), JSON_NUMBER]


def _requires(name: str, **schema: JsonValue) -> dict[str, JsonValue]:
    return {"required": [name], "properties": {name: schema}}


class VisitorOptions(CampaignOptions):
    """Whose profiles a visitor campaign opens: exactly one of the three sources."""

    kind: ClassVar[CampaignKind] = CampaignKind.VISITOR

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                _requires("saved_search", type="string"),
                _requires("profiles", minItems=1),
                _requires("not_seen_months", type="integer"),
            ]
        }
    )

    saved_search: SavedSearchName | None = Field(None, description="The people whom this saved search finds.")
    profiles: tuple[Annotated[PlainLine, Field(min_length=1, max_length=500)], ...] = Field(
        (), max_length=1000, description="These profile addresses."
    )
    not_seen_months: Annotated[int, Field(ge=1, le=60), JSON_NUMBER] | None = Field(
        None, description="Connections whose profile was not opened for this many months."
    )
    limit: Annotated[int, Field(ge=1, le=1000), JSON_NUMBER] = Field(
        100, description="At most this many people."
    )
    no_repeat_days: NoRepeatDays = Field(30, description="Nobody is visited twice within this many days.")
    stop_after: StopAfter = Field(
        3, description="End a search after this many pages without anybody to visit."
    )
    dry_run: StrictBool = Field(False, description="Only show who would be visited; plan and open nothing.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [self.saved_search is not None, bool(self.profiles), self.not_seen_months is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of saved_search, profiles and not_seen_months")
        return self


class VisitorCampaign(CampaignRequest, VisitorOptions):
    """Arguments of tasks.visitor.campaign."""

    task: ClassVar[str] = VISITOR_CAMPAIGN


class SourcingOptions(CampaignOptions):
    """Whom a sourcing campaign looks for: by a search address, a saved search, or only criteria."""

    kind: ClassVar[CampaignKind] = CampaignKind.SOURCING

    model_config = ConfigDict(
        json_schema_extra={
            "not": {"allOf": [_requires("url", type="string"), _requires("saved_search", type="string")]}
        }
    )

    url: PlainLine | None = Field(
        None, min_length=1, max_length=2000, description="The address of a people search on the site."
    )
    saved_search: SavedSearchName | None = Field(None, description="A saved search, with its criteria.")
    criteria: Criteria = Field(
        default_factory=Criteria, description="What is searched for, and what people are scored by."
    )
    limit: Annotated[int, Field(ge=1, le=1000), JSON_NUMBER] = Field(
        100, description="At most this many people."
    )
    no_repeat_days: NoRepeatDays = Field(
        30, description="A profile that was read within this many days is not opened again."
    )
    stop_after: StopAfter = Field(3, description="End after this many pages without anybody to visit.")
    dry_run: StrictBool = Field(
        False, description="Only show what would be searched and scored; open nothing."
    )

    @model_validator(mode="after")
    def _one_search(self) -> Self:
        if self.url is not None and self.saved_search is not None:
            raise ValueError("give a url or a saved_search, not both")
        if self.url is None and self.saved_search is None and not given_criteria(self.criteria):
            raise ValueError("there is nothing to search for: give a url, a saved_search or criteria")
        return self


class SourcingCampaign(CampaignRequest, SourcingOptions):
    """Arguments of tasks.sourcing.campaign."""

    task: ClassVar[str] = SOURCING_CAMPAIGN


class InvitationsOptions(CampaignOptions):
    """Which sent invitations to withdraw."""

    kind: ClassVar[CampaignKind] = CampaignKind.INVITATIONS

    older_than_days: Annotated[int, Field(ge=1, le=365), JSON_NUMBER] = Field(
        30, description="Only invitations that were sent at least this many days ago."
    )
    limit: Annotated[int, Field(ge=1, le=100), JSON_NUMBER] = Field(
        20, description="At most this many, the oldest first."
    )
    dry_run: StrictBool = Field(False, description="Only list what was sent, and what would be withdrawn.")


class InvitationsCampaign(CampaignRequest, InvitationsOptions):
    """Arguments of tasks.invitations.campaign."""

    task: ClassVar[str] = INVITATIONS_CAMPAIGN


CAMPAIGN_OPTIONS: Final[Mapping[CampaignKind, type[CampaignOptions]]] = {
    options.kind: options
    for options in (BirthdayOptions, VisitorOptions, SourcingOptions, InvitationsOptions)
}


AnyCampaignRequest: TypeAlias = BirthdayCampaign | VisitorCampaign | SourcingCampaign | InvitationsCampaign


class CampaignRef(Arguments):
    """Arguments of a task that continues a campaign."""

    campaign_id: UUID


class ActionRef(Arguments):
    """Arguments of a task that carries out one action."""

    action_id: UUID


class AccountRef(Arguments):
    """Arguments of a task that does something for a whole account."""

    account: AccountName


class SubscriptionRef(Arguments):
    """Arguments of a task that reads one subscription."""

    subscription_id: Annotated[int, Field(ge=1, lt=2**63), JSON_NUMBER]


class Tick(Arguments):
    """A task that needs no arguments."""
