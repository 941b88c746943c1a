"""Pass an uploaded file on in pieces, up to a limit, instead of holding it in memory."""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from api_stub.console.paths import IMPORTS
from api_stub.http.limits.request_limits import BODY_TIMEOUT_S, RequestRejected
from api_stub.http.problems import problem_response

MAX_UPLOAD_BYTES: Final = 64 * 1024 * 1024
API_IMPORTS: Final = "/v1/imports"
_TYPE: Final = "multipart/form-data"
_PIECE_BYTES: Final = 262_144
"""An upload that is slower than this in each REQUEST_TIMEOUT_S is cut off."""
_TOO_LARGE: Final = "An uploaded file has at most 64 MB."
_TOO_SLOW: Final = "The file stopped arriving, so nothing of it was kept."


def is_upload(scope: Scope, section: str | None) -> bool:
    """Return whether a request sends a file, at one of the two places that take one.

    The console takes a form with a file, the API the file itself.
    """
    if scope["method"] != "POST":
        return False
    if scope["path"] == API_IMPORTS:
        return True
    given = Headers(scope=scope).get("content-type", "").lower()
    is_there = section == IMPORTS and scope["path"] == f"/{IMPORTS}"
    return is_there and given.partition(";")[0].strip() == _TYPE


def limit_upload(scope: Scope, receive: Receive) -> Receive:
    """Return a `receive` that raises HTTPException as soon as a body is too large, or no piece comes in time.

    Raises RequestRejected if the header says already that it is too large.
    """
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > MAX_UPLOAD_BYTES:
        raise RequestRejected(problem_response(413, _TOO_LARGE))
    size, is_whole = 0, False

    async def receive_piece() -> Message:
        nonlocal size, is_whole
        if is_whole:
            return await receive()
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, _TOO_SLOW) from None
        size += len(message.get("body", b""))
        scope["state"]["progress"] = size // _PIECE_BYTES
        is_whole = not message.get("more_body", False)
        if size > MAX_UPLOAD_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return receive_piece
