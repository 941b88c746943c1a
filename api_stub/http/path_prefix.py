"""Serve below the path of RAPPORT_PUBLIC_URL, whether or not the proxy in front removes it."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class PathPrefix:
    """Middleware that removes the prefix from a request's path, so that all others see the same path.

    The addresses that answers of /v1 name, as Location and Link, get it back.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its path below the prefix."""
        path: str = scope.get("path", "")
        if scope["type"] == "http" and (path == self._prefix or path.startswith(f"{self._prefix}/")):
            scope = {**scope, "path": path.removeprefix(self._prefix) or "/"}

        async def add_prefix(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, start in (("Location", "/v1/"), ("Link", "</v1/")):
                    if (given := headers.get(name, "")).startswith(start):
                        headers[name] = given.replace("/v1/", f"{self._prefix}/v1/", 1)
            await send(message)

        await self._app(scope, receive, add_prefix)
