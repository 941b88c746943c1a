"""The page in which a person far away signs an account in (`rapport account sign-in --remote`).

The browser belongs to that command. This passes sealed messages on; it can't read them (worker/sign_in).
"""

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import anyio
import redis
from anyio import to_thread
from fastapi import APIRouter, Cookie, Depends, HTTPException, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from worker.servers.server_address import is_loopback
from worker.settings import Settings
from worker.sign_in import relay
from worker.sign_in.relay import Channel, PageEnd

_COOKIE: Final = "rapport_sign_in"
_COOKIE_LIFE_S: Final = 3600
_THREADS: Final = 16
_MOST_SEALED: Final = 30_000
"""Characters of the largest message that the page sends."""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_ENDED: Final = "this sign-in has ended, or the link was opened in another browser"

Result = TypeVar("Result")


class SignInRelay:
    """The relay in Redis, asked in threads of its own, because a page waits for seconds."""

    def __init__(self, settings: Settings) -> None:
        self._client = relay.connect(settings.redis)
        self._limiter = anyio.CapacityLimiter(_THREADS)

    async def run(self, work: Callable[[PageEnd], Result]) -> Result:
        """Return the result of `work`. Raises HTTPException 503 if Redis doesn't answer."""
        try:
            return await to_thread.run_sync(
                lambda: work(PageEnd(self._client)), abandon_on_cancel=True, limiter=self._limiter
            )
        except redis.RedisError as error:
            raise HTTPException(503, "Redis does not answer, so the sign-in can't go on now") from error

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


class OpenLink(BaseModel):
    """The token of the link."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: str = Field(min_length=1, max_length=100)


class Input(BaseModel):
    """What the person did, sealed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    sealed: str = Field(min_length=1, max_length=_MOST_SEALED, description="Base64.")


async def _require_private(request: Request) -> None:
    """Raise HTTPException 403 unless the person's browser speaks TLS, or is on this machine.

    A proxy that ends TLS says so. A browser can't say it, and the page checks for itself.
    """
    speaks_tls = "https" in {request.url.scheme, request.headers.get("X-Forwarded-Proto", "")}
    if not speaks_tls and not is_loopback(request.url.hostname or ""):
        raise HTTPException(
            403,
            "a sign-in is shown over HTTPS or on this machine only: open the link through your HTTPS proxy, "
            "or through an SSH tunnel (ssh -L PORT:127.0.0.1:PORT HOST) at 127.0.0.1",
        )


async def _get_relay(request: Request) -> SignInRelay:
    found: SignInRelay = request.app.state.sign_in_relay
    return found


AppRelay = Annotated[SignInRelay, Depends(_get_relay)]


async def _get_channel(
    app_relay: AppRelay, ticket: Annotated[str | None, Cookie(alias=_COOKIE, max_length=100)] = None
) -> Channel:
    """Return what the browser's cookie opens. Raises HTTPException 410 if that has ended or never was."""
    found = await app_relay.run(lambda end: end.find_channel(ticket)) if ticket else None
    if found is None:
        raise HTTPException(410, _ENDED)
    return found


OwnChannel = Annotated[Channel, Depends(_get_channel)]

router = APIRouter(prefix="/sign-in", include_in_schema=False, dependencies=[Depends(_require_private)])


@router.get("")
async def page() -> Response:
    """Return the page. It is the same for everybody: the token is behind the # of its address."""
    return _file("html", "text/html; charset=utf-8")


@router.get("/page.js")
async def script() -> Response:
    """Return the script of the page."""
    return _file("js", "text/javascript; charset=utf-8")


@router.get("/page.css")
async def style() -> Response:
    """Return the style of the page."""
    return _file("css", "text/css; charset=utf-8")


@router.post("/open")
async def open_link(body: OpenLink, request: Request, app_relay: AppRelay) -> Response:
    """Use up the token, and bind the sign-in to this browser with a cookie."""
    ticket = await app_relay.run(lambda end: end.open(body.token))
    if ticket is None:
        raise HTTPException(410, "the link has expired, was opened before, or its sign-in has ended")
    answer = Response(status_code=204)
    answer.set_cookie(
        _COOKIE,
        ticket,
        max_age=_COOKIE_LIFE_S,
        path="/sign-in",
        httponly=True,
        samesite="strict",
        secure=not is_loopback(request.url.hostname or ""),
    )
    return answer


@router.get("/frames")
async def next_frame(channel: OwnChannel, app_relay: AppRelay) -> Response:
    """Wait for a change and return it, sealed; 204 if there was none in a while."""
    frame = await app_relay.run(lambda end: end.receive(channel))
    if frame is not None:
        return Response(frame, media_type="application/octet-stream")
    if not await app_relay.run(lambda end: end.is_alive(channel)):
        raise HTTPException(410, _ENDED)
    return Response(status_code=204)


@router.post("/input")
async def take_input(body: Input, channel: OwnChannel, app_relay: AppRelay) -> Response:
    """Pass on what the person did; 429 if the browser is not so fast."""
    try:
        sealed = base64.b64decode(body.sealed, validate=True)
    except binascii.Error:
        raise HTTPException(422, "sealed: must be Base64") from None
    if not await app_relay.run(lambda end: end.is_alive(channel)):
        raise HTTPException(410, _ENDED)
    if not await app_relay.run(lambda end: end.send(channel, sealed)):
        raise HTTPException(429, "the browser has not taken the last messages yet", {"Retry-After": "1"})
    return Response(status_code=204)


def _file(kind: str, media_type: str) -> Response:
    path = Path(__file__).with_suffix(f".{kind}")
    return FileResponse(path, media_type=media_type, headers={"Content-Security-Policy": _POLICY})
