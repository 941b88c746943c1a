"""Bodies of the approval routes."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api_stub.responses.proposals import ProposalOut
from tasks.contract import ActorName
from worker.rules.messages.approval import validate_message
from worker.rules.messages.message_text import MAX_MESSAGE_CHARACTERS

Seen = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="`seen` of the proposal that the person saw.")
]


class By(BaseModel):
    """Who decides."""

    model_config = ConfigDict(extra="forbid")

    by: ActorName | None = Field(
        None, description="For whom the key's owner decides. It is stored behind the key's name."
    )


class Approve(By):
    """Approve, if recipient and text are still those that were seen."""

    seen: Seen


class Edit(Approve):
    """Approve with another text."""

    message: Annotated[str, AfterValidator(validate_message)] = Field(
        description="What is sent instead.",
        json_schema_extra={
            "minLength": 1,
            "maxLength": MAX_MESSAGE_CHARACTERS,
            "pattern": r"^[^\x00-\t\x0b-\x1f\x7f-\x9f]*$",
        },
    )


class ApproveMany(By):
    """Approve several proposals, each if it is still the one that was seen."""

    seen: Annotated[dict[UUID, Seen], Field(min_length=1, max_length=1000)] = Field(
        description="By action: `seen` of the proposal that the person saw."
    )


class ProposalPage(BaseModel):
    """The latest occasions first. Pass `next_after` as `after` for the next page; it is null at the end."""

    items: list[ProposalOut]
    next_after: UUID | None


class Decided(BaseModel):
    """The action after the decision."""

    id: UUID
    state: str
    reason: str | None


class DecidedMany(BaseModel):
    """The result of each approval."""

    approved: list[UUID]
    refused: dict[UUID, str] = Field(description="By action: why it was not approved. It is unchanged.")
