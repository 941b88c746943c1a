"""What HTTP says about reading, for every GET: HEAD (RFC 9110, 9.3.2) and If-None-Match (13.1.2)."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READS: Final = frozenset({"GET", "HEAD"})
_OF_BODY: Final = frozenset({b"content-length", b"content-type"})


class Reading:
    """Middleware that answers HEAD as GET without a body, and 304 for what the client has already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in _READS or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        held = _list_tags(Headers(scope=scope).get("If-None-Match", ""))
        sends_body = scope["method"] == "GET"

        async def send_wanted(message: Message) -> None:
            nonlocal sends_body
            if message["type"] == "http.response.start":
                if message["status"] == 200 and _is_held(Headers(raw=message["headers"]).get("ETag"), held):
                    rest = [each for each in message["headers"] if each[0].lower() not in _OF_BODY]
                    message = {**message, "status": 304, "headers": rest}
                    sends_body = False
                await send(message)
                if not sends_body:
                    await send({"type": "http.response.body"})  # and a stream ends
            elif sends_body:
                await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_wanted)


def _list_tags(header: str) -> Sequence[str]:
    return [each.strip().removeprefix("W/") for each in header.split(",") if each.strip()]


def _is_held(tag: str | None, held: Sequence[str]) -> bool:
    """Return whether the client has it already, by weak comparison."""
    return tag is not None and ("*" in held or tag.removeprefix("W/") in held)
