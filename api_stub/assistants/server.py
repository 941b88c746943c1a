"""The MCP server, over stdio with a key of its own, or over HTTP with the key of each request."""

from typing import Final

import httpx
import uvicorn
from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api_stub.assistants.front_door import CAUTION, FrontDoor
from api_stub.assistants.read_tools import ReadTools
from api_stub.assistants.write_tools import WriteTools

_INSTRUCTIONS: Final = (
    "Rapport runs relationship campaigns from a person's own account, within a quota. Read tools show what "
    "happens and why. Write tools only show what they would do until `dry_run` is false; none of them sends "
    f"at once, and messages wait for the person's approval. {CAUTION}"
)
_MOST_BODY_BYTES: Final = 65_536


def create_server(
    url: str, key: str | None, host: str, port: int, transport: httpx.AsyncBaseTransport | None = None
) -> FastMCP:
    """Create the server with its tools. Without a key, each request over HTTP brings its own."""
    server = FastMCP(
        "rapport",
        instructions=_INSTRUCTIONS,
        log_level="WARNING",  # to stderr: stdout has the protocol
        host=host,
        port=port,
        stateless_http=True,
        json_response=True,
        max_request_body_size=_MOST_BODY_BYTES,
    )

    def find_key() -> str:
        if key is not None:
            return key
        request = server.get_context().request_context.request
        given = _read_key(request.headers) if isinstance(request, Request) else None
        if given is None:
            raise ToolError("the request has no key: send `Authorization: Bearer KEY`")
        return given

    door = FrontDoor(url, find_key, transport)
    ReadTools(door).add_to(server)
    WriteTools(door).add_to(server)
    return server


def serve_http(server: FastMCP, host: str, port: int) -> None:
    """Serve over streamable HTTP at /mcp until a signal stops the process."""
    app = RequireKey(server.streamable_http_app())
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )


class RequireKey:
    """Middleware that refuses a request without a key. Whether it is right, the HTTP API decides."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request with a key on; answer another one with 401."""
        if scope["type"] == "http" and _read_key(Headers(scope=scope)) is None:
            detail = {"detail": "send a key of Rapport's HTTP API: `Authorization: Bearer KEY`"}
            refused = JSONResponse(detail, 401, {"WWW-Authenticate": 'Bearer realm="rapport"'})
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _read_key(headers: Headers) -> str | None:
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None
