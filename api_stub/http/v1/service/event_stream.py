"""The feed as server-sent events: those that are kept, then new ones within a second of their commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

from fastapi.responses import StreamingResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.types import Receive, Scope, Send

from api_stub.console.live import HEARTBEAT_S, STREAM_S, Live, Stream, TooManyStreamsError
from api_stub.http.faults import Fault, FaultType
from api_stub.http.named_keys.directory import KeysUnreadableError
from api_stub.http.v1.models.events import build_event
from db.store.notices.feed import EventsDeletedError, FeedPage, PositionUnknownError

MEDIA_TYPE: Final = "text/event-stream"
_OPENING: Final = b"retry: 1000\n\n"
_HEARTBEAT: Final = b": heartbeat\n\n"
_RETRY_AFTER: Final = {"Retry-After": "30"}

ReadPage = Callable[[int | None], Awaitable[FeedPage]]
"""Reads the events after a position."""
IsKeyValid = Callable[[], Awaitable[bool]]
"""Whether the key of the request is still valid. The guard leaves it in the request's state."""


class EventStream(StreamingResponse):
    """The events after a position. Its client opens the next stream where this one ends."""

    def __init__(self, live: Live, owner: str, read: ReadPage, after: int | None) -> None:
        super().__init__((), media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        self._live = live
        self._owner = owner
        self._read = read
        self._after = after
        self._is_over = False
        self._is_key_valid: IsKeyValid = _always

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client leaves, its key ends, the time is over, or the server stops.

        Raises Fault if too many streams are open.
        """
        try:
            stream = self._live.open_stream(self._owner)
        except TooManyStreamsError as error:
            raise _refuse(error) from None

        def end_stream() -> None:
            self._is_over = True
            stream.news.set()

        self._is_key_valid = scope["state"].get("is_key_valid", _always)
        scope["state"] |= {"is_stream": True, "end_stream": end_stream}  # the response ends whole
        try:
            self.body_iterator = self._list_events(stream)
            await super().__call__(scope, receive, send)
        finally:
            self._live.close_stream(stream)

    async def _list_events(self, stream: Stream) -> AsyncIterator[bytes]:
        now_s = asyncio.get_running_loop().time
        ends_s = now_s() + STREAM_S
        yield _OPENING
        while now_s() < ends_s and not self._is_over:
            stream.news.clear()  # before the look, so that what is committed after it is news
            try:
                page = await self._read(self._after)
                if not await self._is_key_valid():
                    return
            except (EventsDeletedError, PositionUnknownError):
                return  # the next request is told so
            except (OperationalError, PoolTimeoutError, KeysUnreadableError):
                yield _HEARTBEAT  # Postgres is away: the stream goes on when it is back
            else:
                self._after = page.reached
                yield _render(page)
                if page.has_more:
                    continue
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await stream.news.wait()


async def _always() -> bool:
    return True


def _render(page: FeedPage) -> bytes:
    """Return the events of a page. The last id also counts those that a filter left out."""
    blocks = [
        f"id: {event.position}\nevent: {event.kind}\ndata: {build_event(event).model_dump_json()}\n\n"
        for event in page.events
    ]
    return "".join([*blocks, f": heartbeat\nid: {page.reached}\n\n"]).encode()


def _refuse(error: TooManyStreamsError) -> Fault:
    if error.is_of_one:
        detail = "this key has as many open streams as one may have: close one of them"
        return Fault(FaultType.TOO_MANY_REQUESTS, detail, headers=_RETRY_AFTER)
    detail = "as many streams are open as this process serves"
    return Fault(FaultType.UNAVAILABLE, detail, headers=_RETRY_AFTER)
