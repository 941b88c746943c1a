"""The old paths, and those of the probes, also answer below /v1: /v1/data/contacts, /v1/ready."""

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_ALIAS: Final = re.compile(r"/v1(/(?:control|data)/.*|/health|/ready|/metrics)", re.DOTALL)


class Aliases:
    """Middleware that serves an alias as the path that it stands for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with the path that all others know."""
        if scope["type"] == "http" and (alias := _ALIAS.fullmatch(scope["path"])):
            scope = {**scope, "path": alias[1]}
        await self._app(scope, receive, send)
