"""Events of the feed, typed by what happened.

Another version may have written an event: a value that is missing or of another type is null.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, WrapValidator

from db.store.notices.feed import FeedEvent
from worker.rules.notices.kinds import NoticeKind

Value = TypeVar("Value")


def _null_if_wrong(given: object, read: Callable[[object], object]) -> object:
    try:
        return read(given)
    except ValidationError:
        return None


Known = Annotated[Value | None, WrapValidator(_null_if_wrong)]


class StopData(BaseModel):
    """Which page stopped an account, met while doing what."""

    reason: Known[str] = None
    detail: Known[str] = Field(None, description="A sentence; it may quote the site's page.")
    kind: Known[str] = Field(None, description="The kind of action that met the page.")
    action: Known[UUID] = None


class ReviewData(BaseModel):
    """An action of which only a person can tell whether it had its effect."""

    action: Known[UUID] = None
    kind: Known[str] = None
    reason: Known[str] = None


class ApprovalData(BaseModel):
    """Proposals that wait for a person. With a `reason` they were proposed again."""

    campaign: Known[UUID] = None
    count: Known[int] = None
    reason: Known[str] = None


class CampaignEndData(BaseModel):
    """How a campaign ended, with its counts; one that failed has a reason and no counts."""

    campaign: Known[UUID] = None
    campaign_kind: Known[str] = None
    outcome: Known[str] = None
    reason: Known[str] = None
    detail: Known[str] = None
    sent: Known[int] = None
    late: Known[int] = None
    visits: Known[int] = None
    pages: Known[int] = None
    withdrawn: Known[int] = None
    replies: Known[int] = None
    left_out: Known[int] = None
    failed: Known[int] = None


class SessionData(BaseModel):
    """When a sign-in expires."""

    expires_at: Known[datetime] = None
    expired: Known[bool] = None
    zone: Known[str] = Field(None, description="The account's time zone.")


class UpkeepData(BaseModel):
    """A periodic job that is late."""

    job: Known[str] = None
    last_ok_at: Known[datetime] = None
    failures: Known[int] = None
    error: Known[str] = None


class QuotaData(BaseModel):
    """Redis and the record in Postgres differed, and the counters were rebuilt."""

    kind: Known[str] = None


class QueueData(BaseModel):
    """`idle`: no worker takes messages of these queues; `redis_away`; or `over`."""

    state: Known[str] = None
    queues: Known[list[str]] = None


class SiteData(BaseModel):
    """An element of a site's pages that is found less than it was."""

    site: Known[str] = None
    mark: Known[str] = None
    trend: Known[str] = None


class DayData(BaseModel):
    """The day, in the account's time zone."""

    on: Known[date] = None


_EXAMPLE: Final[dict[str, JsonValue]] = {
    "position": 812,
    "id": 4711,
    "at": "2026-11-29T06:59:58.002Z",
    "account": "mine",
}


def _example(event: NoticeKind, **data: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "type": event, "data": data}]})


class _Event(BaseModel):
    position: int = Field(description="Its place in the feed. Resume with the latest that was processed.")
    id: int = Field(description="Its id in the messages of webhooks.")
    at: datetime = Field(description="When its transaction began, which may be before an earlier event's.")
    account: str | None = Field(description="The account's name; null: it concerns all accounts.")


class AccountStopped(_Event):
    """A page of the site stopped an account."""

    model_config = _example(NoticeKind.ACCOUNT_STOPPED, reason="challenge", kind="greet")
    type: Literal[NoticeKind.ACCOUNT_STOPPED]
    data: StopData


class SessionRefused(_Event):
    """The site showed its sign-in page, which stopped an account."""

    model_config = _example(NoticeKind.SESSION_REFUSED, reason="not_signed_in", kind="greet")
    type: Literal[NoticeKind.SESSION_REFUSED]
    data: StopData


class NeedsReview(_Event):
    """Only a person can tell whether an action had its effect."""

    model_config = _example(NoticeKind.NEEDS_REVIEW, kind="greet", reason="proof_missing")
    type: Literal[NoticeKind.NEEDS_REVIEW]
    data: ReviewData


class ApprovalWaiting(_Event):
    """Proposals wait for a person."""

    model_config = _example(NoticeKind.APPROVAL_WAITING, count=3)
    type: Literal[NoticeKind.APPROVAL_WAITING]
    data: ApprovalData


class CampaignEnded(_Event):
    """The last action of a campaign has ended, or its list could not be read."""

    model_config = _example(NoticeKind.CAMPAIGN_ENDED, campaign_kind="birthday", outcome="finished", sent=3)
    type: Literal[NoticeKind.CAMPAIGN_ENDED]
    data: CampaignEndData


class SessionExpiring(_Event):
    """A sign-in expires within a week, or within a day."""

    model_config = _example(NoticeKind.SESSION_EXPIRING, expires_at="2026-12-05T09:00:00Z", expired=False)
    type: Literal[NoticeKind.SESSION_EXPIRING]
    data: SessionData


class UpkeepLate(_Event):
    """A periodic job is late."""

    model_config = _example(NoticeKind.UPKEEP_LATE, job="retention", failures=2)
    type: Literal[NoticeKind.UPKEEP_LATE]
    data: UpkeepData


class QuotaDisagreement(_Event):
    """Redis and the record in Postgres differed."""

    model_config = _example(NoticeKind.QUOTA_DISAGREEMENT, kind="greet")
    type: Literal[NoticeKind.QUOTA_DISAGREEMENT]
    data: QuotaData


class NobodyConsumes(_Event):
    """No worker takes messages, or one does again."""

    model_config = _example(NoticeKind.NOBODY_CONSUMES, state="idle", queues=["birthday"])
    type: Literal[NoticeKind.NOBODY_CONSUMES]
    data: QueueData


class SiteChanged(_Event):
    """An element of a site's pages is found less than it was."""

    model_config = _example(NoticeKind.SITE_CHANGED, site="linkedin", mark="thread.composer", trend="fading")
    type: Literal[NoticeKind.SITE_CHANGED]
    data: SiteData


class MorningDigest(_Event):
    """An account's morning has begun."""

    model_config = _example(NoticeKind.MORNING_DIGEST, on="2026-11-29")
    type: Literal[NoticeKind.MORNING_DIGEST]
    data: DayData


class EveningSummary(_Event):
    """An account's day is over."""

    model_config = _example(NoticeKind.EVENING_SUMMARY, on="2026-11-29")
    type: Literal[NoticeKind.EVENING_SUMMARY]
    data: DayData


Event = Annotated[
    AccountStopped
    | SessionRefused
    | NeedsReview
    | ApprovalWaiting
    | CampaignEnded
    | SessionExpiring
    | UpkeepLate
    | QuotaDisagreement
    | NobodyConsumes
    | SiteChanged
    | MorningDigest
    | EveningSummary,
    Field(discriminator="type"),
]

_ADAPTER: Final[TypeAdapter[Event]] = TypeAdapter(Event)


def build_event(event: FeedEvent) -> Event:
    """Return an event as the feed's answers have it."""
    shown: Mapping[str, Any] = {
        "position": event.position,
        "id": event.id,
        "at": event.at,
        "account": event.account,
        "type": event.kind,
        "data": event.payload,
    }
    return _ADAPTER.validate_python(shown)
