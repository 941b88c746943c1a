"""The feed of events: as server-sent events, and as pages of JSON."""

from functools import partial
from typing import Annotated, Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import AfterValidator, Field, WithJsonSchema

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, FieldFault
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ReadCaller
from api_stub.http.v1.fields import Instant
from api_stub.http.v1.models.events import Event, build_event
from api_stub.http.v1.pages import Page, PageQuery, read_position, write_cursor
from api_stub.http.v1.service.event_stream import MEDIA_TYPE, EventStream
from db.engine import Database
from db.store.notices.feed import (
    EventsDeletedError,
    FeedFilter,
    FeedPage,
    PositionUnknownError,
    read_feed,
)
from tasks.contract import AccountName
from worker.rules.notices.kinds import CHOOSABLE, NoticeKind

router = APIRouter(prefix="/events", tags=["events"])

_MAX_POSITION: Final = 2**63 - 1
_threads: Final = CapacityLimiter(4)
"""Threads of its own: a stream lasts, and holds none of the slots that other requests wait for."""

_MISSING: Final = (
    "events after this position were deleted because of their age, or it was never reached here, as after a "
    "restored backup"
)
_STREAM: Final[dict[str, Any]] = {
    "schema": {"type": "string", "description": "`id` is the event's position, `event` its type."},
    "example": (
        'id: 812\nevent: approval_waiting\ndata: {"position":812,"id":4711,"at":"2026-11-29T06:59:58Z",'
        '"account":"mine","type":"approval_waiting","data":{"campaign":null,"count":3,"reason":null}}\n\n'
    ),
}


def _require_chosen(kind: NoticeKind) -> NoticeKind:
    if kind not in CHOOSABLE:
        raise ValueError("a test of a notice is no event")
    return kind


EventType = Annotated[
    NoticeKind, AfterValidator(_require_chosen), WithJsonSchema({"type": "string", "enum": list(CHOOSABLE)})
]


class EventQuery(PageQuery):
    """Which events, and from where."""

    after: int | None = Field(
        None, ge=0, le=_MAX_POSITION, description="Only events after this position; else from the oldest."
    )
    account: AccountName | None = Field(None, description="Only its events, and those of all accounts.")
    type: list[EventType] | None = Field(None, description="Only events of these types.", max_length=20)
    since: Instant | None = Field(None, description="Only events that happened then or later.")


class EventPage(Page[Event]):
    """A page of the feed."""

    position: int = Field(description="Pass it as `after` to read what happens later.")


LastEventId = Annotated[
    int | None,
    Header(
        alias="Last-Event-ID",
        ge=0,
        le=_MAX_POSITION,
        description="The `id` of the last event that was received, as browsers send it. It precedes `after` "
        "and `cursor`.",
    ),
]


@router.get(
    "",
    response_model=EventPage,
    responses={
        200: {"content": {MEDIA_TYPE: _STREAM}},
        **problems(FaultType.EVENTS_MISSING, FaultType.ACCOUNT_UNKNOWN),
    },
)
async def list_events(
    request: Request,
    caller: ReadCaller,
    database: AppDatabase,
    query: Annotated[EventQuery, Query()],
    last_event_id: LastEventId = None,
) -> EventPage | Response:
    """Return events in the order of their commits.

    They come as server-sent events if the Accept header names `text/event-stream`, else as a page of JSON.
    A reader that resumes at the position of the last event that it processed misses none, and gets none
    twice. A stream ends after about a minute; open the next one with the last `id`, as browsers and
    libraries do by themselves.
    """
    start = read_position(request, query, int) or query.after
    if last_event_id is not None:
        start = last_event_id
    read = partial(_read_page, database, query)
    try:
        if query.account is not None:
            await to_thread.run_sync(_require_account, database, query.account, limiter=_threads)
        page = await read(start)
    except (EventsDeletedError, PositionUnknownError):
        raise Fault(
            FaultType.EVENTS_MISSING, _MISSING, errors=[FieldFault("query.after", "not kept here")]
        ) from None
    if MEDIA_TYPE in request.headers.get("Accept", "").lower():
        return EventStream(request.app.state.feed_live, caller.name, read, start)
    return EventPage(
        items=[build_event(event) for event in page.events],
        next=write_cursor(request, page.reached) if page.has_more else None,
        position=page.reached,
    )


async def _read_page(database: Database, query: EventQuery, after: int | None) -> FeedPage:
    return await to_thread.run_sync(_read, database, query, after, limiter=_threads)


def _read(database: Database, query: EventQuery, after: int | None) -> FeedPage:
    wanted = FeedFilter(query.account, query.type, query.since)
    with database.snapshot() as session:
        return read_feed(session, wanted, after=after, limit=query.limit)


def _require_account(database: Database, name: str) -> None:
    with database.snapshot() as session:
        require_account(session, name)
