"""Limits on the size of a request and the time of its body. A refused request is never parsed."""

import asyncio
import re

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope

from api_stub.http.problems import problem_response

MAX_HEADERS = 64
MAX_HEADER_BYTES = 16_384
MAX_TARGET_BYTES = 4_096
MAX_BODY_BYTES = 65_536
LARGE_BODIES = (
    (re.compile(r"/control/campaigns/[^/]+/approve|/v1/proposals/approve"), 262_144),  # 1000 ids with a hash
    # 1000 addresses of 500 characters
    (re.compile(r"/control/visitor|/v1/campaigns|/v1/schedules/[^/]+/visitor"), 2_097_152),
)
BODY_TIMEOUT_S = 15.0

_SINGLE_HEADERS = ("x-api-key", "authorization", "content-type", "content-length", "host", "idempotency-key")
_CLOSE_CONNECTION = {"Connection": "close"}
_FORM_TYPE = "application/x-www-form-urlencoded"
_FORM = re.compile(rf"{re.escape(_FORM_TYPE)}\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?", re.IGNORECASE)
_JSON_TYPE = re.compile(
    r"application/(?:[\w.-]+\+)?json\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?", re.IGNORECASE
)


class RequestRejected(Exception):  # noqa: N818 -- a response, not a fault
    """Ends the processing of a request, which is answered with `response`."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def check_head(scope: Scope) -> None:
    """Raise RequestRejected if the headers or the address are too large, repeated or malformed."""
    raw: list[tuple[bytes, bytes]] = scope["headers"]
    size = sum(len(name) + len(value) for name, value in raw)
    if len(raw) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise RequestRejected(
            problem_response(431, f"at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes in all")
        )
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise RequestRejected(problem_response(414, f"an address has at most {MAX_TARGET_BYTES} bytes"))
    if scope["path"].endswith("\n"):  # which the `$` of a route's pattern lets through
        raise RequestRejected(problem_response(404, "no address ends with a line end"))
    headers = Headers(scope=scope)
    twice = [name for name in _SINGLE_HEADERS if len(headers.getlist(name)) > 1]
    if twice:
        raise RequestRejected(problem_response(400, f"the header {twice[0]} came more than once"))
    if "content-length" in headers and "transfer-encoding" in headers:
        raise RequestRejected(
            problem_response(400, "Content-Length and Transfer-Encoding contradict each other")
        )


async def read_body(scope: Scope, receive: Receive, *, is_form: bool = False) -> bytes:
    """Read the whole body, which is JSON, or with `is_form` a form.

    Raises RequestRejected if it is too large, too slow, or declared as something else.
    """
    headers = Headers(scope=scope)
    most = next((most for path, most in LARGE_BODIES if path.fullmatch(scope["path"])), MAX_BODY_BYTES)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while (message := await receive())["type"] == "http.request":
                body += message.get("body", b"")
                if len(body) > most:
                    raise RequestRejected(problem_response(413, f"a body has at most {most} bytes here"))
                if not message.get("more_body", False):
                    break
            else:
                raise ClientDisconnect
    except TimeoutError:
        seconds = f"{BODY_TIMEOUT_S:.0f} seconds"
        raise RequestRejected(
            problem_response(408, f"the body did not come within {seconds}", _CLOSE_CONNECTION)
        ) from None
    given = headers.get("content-type", "").strip()
    if is_form:
        if body and not _FORM.fullmatch(given):
            raise RequestRejected(problem_response(415, f"send the form as {_FORM_TYPE}"))
        return bytes(body)
    if body and not _JSON_TYPE.fullmatch(given):
        raise RequestRejected(
            problem_response(415, "send the body as JSON in UTF-8, with Content-Type: application/json")
        )
    return bytes(body)
