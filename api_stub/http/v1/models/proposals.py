"""Bodies of the routes for proposals."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api_stub.http.v1.fields import Day
from db.store.actions.review import approval
from db.store.actions.review.undo import Made
from db.store.actions.review.undo_effects import UndoOutcome
from worker.errors import Reason
from worker.rules.messages.approval import UNDO_FOR, validate_message
from worker.rules.messages.message_text import MAX_MESSAGE_CHARACTERS
from worker.rules.model import ActionState

_ACTION: Final = "7c1f9a04-3d0e-4c63-9a30-5b7d1c2e8f11"
_DECISION: Final = "0d9b1e52-6a2f-4b0c-8a94-9c0f5d3e7a21"
_SEEN: Final = "5d1c3f1d7a2b9f60c2a4e0f3b8d97c61e5a0f4b2c8d71e93a6f05b4c2d8e1f70"
_UNTIL: Final = "2026-11-02T08:00:30Z"

Seen = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="`seen` of the proposal that the person saw.")
]


OwnText = Annotated[
    str,
    Field(
        max_length=20 * MAX_MESSAGE_CHARACTERS,  # a longer one is refused before it is checked
        json_schema_extra={
            "minLength": 1,
            "maxLength": MAX_MESSAGE_CHARACTERS,
            "pattern": r"^[^\x00-\t\x0b-\x1f\x7f-\x9f]*$",
        },
    ),
    AfterValidator(validate_message),
]
"""A text that a person wrote."""


class SeenIn(BaseModel):
    """Decide, if recipient and text are still those that were seen."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"seen": _SEEN}]})

    seen: Seen


class EditIn(SeenIn):
    """Approve with another text."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"seen": _SEEN, "message": "Bon anniversaire, chère Zoé !"}]}
    )

    message: OwnText = Field(description="What is sent instead.")


class HoldIn(SeenIn):
    """Put the person on hold."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seen": _SEEN, "until": "2026-12-01"}]})

    until: Day = Field(description="The hold ends when this day begins in the account's zone.")


class ApproveManyIn(BaseModel):
    """Approve several proposals, each if it is still the one that was seen."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"seen": {_ACTION: _SEEN}}]})

    seen: Annotated[dict[UUID, Seen], Field(min_length=1, max_length=1000)] = Field(
        description="By action: `seen` of the proposal that the person saw."
    )


class DecidedOut(BaseModel):
    """The action after the decision."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ACTION,
                    "state": "planned",
                    "reason": None,
                    "decision_id": _DECISION,
                    "undo_until": _UNTIL,
                }
            ]
        }
    )

    id: UUID
    state: ActionState
    reason: Reason | None
    decision_id: UUID = Field(description="Takes the decision back.")
    undo_until: datetime = Field(description="Until when; for an approval, only before a worker takes it up.")


class DecidedManyOut(BaseModel):
    """The result of each approval."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"approved": [_ACTION], "refused": {}, "decision_id": _DECISION, "undo_until": _UNTIL}
            ]
        }
    )

    approved: list[UUID]
    refused: dict[UUID, str] = Field(description="By action: why it was not approved. It is unchanged.")
    decision_id: UUID = Field(description="Takes all these approvals back.")
    undo_until: datetime = Field(description="Until when, of those that no worker has taken up.")


class UndoneOut(BaseModel):
    """By action: whether the decision was taken back. Anything but `done` changed nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcomes": {_ACTION: "done"}}]})

    outcomes: dict[UUID, UndoOutcome]


def build_decided(made: Made, action_id: UUID, now: datetime) -> DecidedOut:
    """Return the answer for a decision that was made at `now` on one proposal."""
    decision = made.decisions[action_id]
    return DecidedOut(
        id=action_id,
        state=decision.state or ActionState.PROPOSED,
        reason=decision.reason,
        decision_id=made.id,
        undo_until=now + UNDO_FOR,
    )


def build_decided_many(made: Made, now: datetime) -> DecidedManyOut:
    """Return the answer for approvals that were made at `now`."""
    return DecidedManyOut(
        approved=sorted(made.done),
        refused={
            action_id: approval.describe_refusal(decision)
            for action_id, decision in made.decisions.items()
            if action_id not in made.done
        },
        decision_id=made.id,
        undo_until=now + UNDO_FOR,
    )
