"""The JSON that a webhook is sent.

`python -m worker.notices.webhook_body > docs/notice.schema.json` writes its schema.
"""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from worker.rules.notices.kinds import NoticeKind, Urgency


class WebhookEvent(BaseModel):
    """Something that happened."""

    model_config = ConfigDict(frozen=True)

    id: int = Field(description="Grows with time. An event is told again with the same id.")
    kind: NoticeKind
    at: datetime
    account: str | None = Field(description="The account's name; null: it concerns all accounts.")
    data: dict[str, Any] = Field(description="Ids, codes and counts, by kind.")


class WebhookBody(BaseModel):
    """A message with one or more events."""

    model_config = ConfigDict(
        frozen=True, title="A notice of Rapport", json_schema_serialization_defaults_required=True
    )

    type: Literal["rapport.notice"] = "rapport.notice"
    version: Literal[1] = 1
    id: UUID = Field(description="As in the header webhook-id; the same when the message is sent again.")
    timestamp: datetime = Field(description="When this attempt to send it began.")
    title: str = Field(description="One line for a person.")
    text: str = Field(description="The whole text for a person, in plain lines.")
    urgency: Urgency
    maybe_twice: bool = Field(description="It may have been sent before: its sender didn't see the answer.")
    events: Sequence[WebhookEvent] = Field(min_length=1)


def format_schema() -> str:
    """Return the JSON Schema of a body, as docs/notice.schema.json has it."""
    schema = WebhookBody.model_json_schema(mode="serialization")
    for name in ("NoticeKind", "Urgency"):
        del schema["$defs"][name]["description"]  # for us
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(format_schema())
