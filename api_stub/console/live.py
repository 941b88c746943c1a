"""Tell open pages that something changed: server-sent events, from one look at Postgres for all of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import suppress
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from api_stub.console.gate import SessionGate
from api_stub.console.session import Viewer
from api_stub.console.state import AppConsole
from db.engine import Database
from db.store.changes import read_change_token
from worker import logs
from worker.settings import Settings

LOOK_EVERY_S: Final = 0.5
MOST_STREAMS: Final = 100
MOST_OF_ONE: Final = 8
"""Streams of one session or key. A browser has at most six connections to a server."""
STREAM_S: Final = 70.0
"""Then a stream ends and the browser opens another, before the server would close the connection."""
HEARTBEAT_S: Final = 15.0

_OPENING: Final = b"retry: 1000\n\n"
_CHANGED: Final = b"event: changed\ndata: now\n\n"
_HEARTBEAT: Final = b"event: heartbeat\ndata: now\n\n"
"""An event and no comment: a page that hears nothing for a while opens another stream."""

log = logs.get_logger(__name__)

router = APIRouter(include_in_schema=False)


class TooManyStreamsError(Exception):
    """No further stream can be opened now: by anybody, or by the same owner (`is_of_one`)."""

    def __init__(self, *, is_of_one: bool) -> None:
        super().__init__()
        self.is_of_one = is_of_one


class Stream:
    """One open stream of a session or a key. It has news if something changed since it was told last."""

    def __init__(self, owner: Hashable) -> None:
        self.owner = owner
        self.news = asyncio.Event()


class Live:
    """The open streams of this process, and the one look at Postgres for all of them.

    `read_token` returns another value after each commit that is news.
    """

    def __init__(
        self, settings: Settings, read_token: Callable[[Session], Hashable] = read_change_token
    ) -> None:
        self._settings = settings
        self._read = read_token
        self._streams: set[Stream] = set()
        self._looking: asyncio.Task[None] | None = None
        self._is_looking = False
        self._closing = asyncio.Event()
        self._token: Hashable | None = None

    def open_stream(self, owner: Hashable) -> Stream:
        """Let a stream be told, until `close_stream`. Raises TooManyStreamsError."""
        counts = Counter(stream.owner for stream in self._streams)
        if len(self._streams) >= MOST_STREAMS or counts[owner] >= MOST_OF_ONE:
            raise TooManyStreamsError(is_of_one=counts[owner] >= MOST_OF_ONE)
        stream = Stream(owner)
        self._streams.add(stream)
        if not self._is_looking:
            self._is_looking = True
            self._looking = asyncio.create_task(self._look())
        return stream

    def close_stream(self, stream: Stream) -> None:
        """Tell this stream nothing more."""
        self._streams.discard(stream)

    async def close(self) -> None:
        """End the look at Postgres, when the application stops."""
        self._closing.set()
        if self._looking is not None:
            await asyncio.wait([self._looking])

    async def _look(self) -> None:
        """Look twice a second, while a stream is open, whether anything changed."""
        database = Database(
            self._settings.required("database_url").get_secret_value(),
            application_name="rapport console",
            statement_timeout_ms=2_000,
            connect_timeout_s=2,
            pool_timeout_s=2,
        )
        try:
            while self._streams and not self._closing.is_set():
                self._tell(await asyncio.to_thread(self._read_token, database))
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._closing.wait()
        finally:
            self._is_looking = False  # a page that is opened from now on begins another look
            await asyncio.to_thread(database.close)

    def _tell(self, token: Hashable | None) -> None:
        is_news = token is not None and token != self._token
        self._token = token
        if is_news:  # also what changed while Postgres was away
            for stream in self._streams:
                stream.news.set()

    def _read_token(self, database: Database) -> Hashable | None:
        try:
            with database.transaction() as session:
                return self._read(session)
        except SQLAlchemyError as error:
            if self._token is not None:
                log.warning("live_updates_wait", error=type(error).__name__)
            return None


class EventStream(StreamingResponse):
    """The events of one page. A page that was away asks again at the first one."""

    def __init__(self, live: Live, gate: SessionGate, session: UUID) -> None:
        super().__init__((), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._live = live
        self._gate = gate
        self._session = session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the page is left, the session or the time is over, or the server stops."""
        try:
            stream = self._live.open_stream(self._session)
        except TooManyStreamsError:
            await Response(status_code=503, headers={"Retry-After": "30"})(scope, receive, send)
            return
        scope["state"]["is_stream"] = True  # the connection is closed at once when the server stops
        try:
            self.body_iterator = self._list_events(stream)
            await super().__call__(scope, receive, send)
        finally:
            self._live.close_stream(stream)

    async def _list_events(self, stream: Stream) -> AsyncIterator[bytes]:
        now_s = asyncio.get_running_loop().time
        ends_s = now_s() + STREAM_S
        yield _OPENING + _CHANGED
        while now_s() < ends_s:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await stream.news.wait()
            except TimeoutError:
                yield _HEARTBEAT
                continue
            stream.news.clear()
            try:
                if not await self._gate.is_open(self._session):  # its end is news, too
                    return
            except SQLAlchemyError:  # Postgres is away again: the browser opens another stream
                return
            yield _CHANGED


@router.get("/live")
async def stream_changes(request: Request, viewer: Viewer, console: AppConsole) -> Response:
    """Send an event at once, and then within a second of each commit that changes what pages show."""
    live: Live = request.app.state.live
    return EventStream(live, console.gate, viewer.session_id)
