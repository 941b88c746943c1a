"""Bodies of the routes of notices: targets, what was sent to them, and links to approve with."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from db.store.actions.review.approval_links import LinkRecord, LinkState
from worker.rules.notices.deliveries import DeliveryState, SendFailure
from worker.rules.notices.kinds import NoticeKind

_ID = "0f4f5b7e-3c0e-4b43-9d0c-0f6f1d2c8a11"


class TargetOut(BaseModel):
    """Where notices are sent. Of its URL only scheme and host are shown."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "mail",
                    "account": None,
                    "scheme": "mailtos",
                    "host": "example.org",
                    "kinds": None,
                    "with_texts": False,
                    "with_screenshots": False,
                    "created_at": "2026-11-01T09:00:00Z",
                    "paused_at": None,
                    "last_ok_at": "2026-11-29T07:00:00Z",
                    "last_failed_at": None,
                    "error": None,
                    "waiting": 0,
                    "failed": 0,
                }
            ]
        },
    )

    name: str
    account: str | None = Field(description="Only this account's notices; null: all.")
    scheme: str
    host: str | None
    kinds: list[NoticeKind] | None = Field(description="What it is told; null: everything.")
    with_texts: bool = Field(description="Digests quote the planned messages.")
    with_screenshots: bool
    created_at: datetime
    paused_at: datetime | None
    last_ok_at: datetime | None
    last_failed_at: datetime | None
    error: SendFailure | None = Field(description="Why the last message was not sent.")
    waiting: int
    failed: int


class DeliveryOut(BaseModel):
    """One notice to one target, without its text."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "event_id": 311,
                    "at": "2026-11-29T07:00:00Z",
                    "kind": NoticeKind.TEST,
                    "account": "ann",
                    "target": "mail",
                    "state": "sent",
                    "attempts": 1,
                    "ended_at": "2026-11-29T07:00:02Z",
                    "next_at": None,
                    "maybe_twice": False,
                    "error": None,
                    "message_id": _ID,
                }
            ]
        },
    )

    event_id: int
    at: datetime
    kind: NoticeKind
    account: str | None
    target: str
    state: DeliveryState
    attempts: int
    ended_at: datetime | None = Field(description="When it was sent, failed or dropped.")
    next_at: datetime | None = Field(description="When it is tried next.")
    maybe_twice: bool = Field(description="It may have been sent twice.")
    error: SendFailure | None
    message_id: UUID | None = Field(description="Notices of one message have the same.")


class ApprovalLinkOut(BaseModel):
    """A link to approve with that a digest held. The link itself is not stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "account": "ann",
                    "target": "mail",
                    "proposals": 4,
                    "state": "open",
                    "created_at": "2026-11-29T07:00:00Z",
                    "expires_at": "2026-11-30T07:00:00Z",
                    "used_at": None,
                    "revoked_at": None,
                }
            ]
        }
    )

    id: UUID
    account: str
    target: str
    proposals: int = Field(description="How many proposals it may approve.")
    state: LinkState
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class LinksRevokedOut(BaseModel):
    """How many links were open, and are revoked now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"revoked": 2}]})

    revoked: int


def build_link(link: LinkRecord) -> ApprovalLinkOut:
    """Return the answer for a link."""
    return ApprovalLinkOut(
        id=link.id,
        account=link.account,
        target=link.target,
        proposals=len(link.seen),
        state=link.state,
        created_at=link.created_at,
        expires_at=link.expires_at,
        used_at=link.used_at,
        revoked_at=link.revoked_at,
    )
