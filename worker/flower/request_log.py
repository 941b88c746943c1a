"""Flower's log in the form of all others: one line for each request, with a correlation id.

The id is also sent with each task that the request starts, so that its lines are found with Flower's.
"""

import base64
import binascii
import logging
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any, Final

import flower.urls
from flower.app import Flower
from flower.views import BaseHandler
from structlog.contextvars import bind_contextvars
from tornado.web import RequestHandler, url

from worker import logs
from worker.rules.wire.correlation import valid_correlation_id
from worker.settings import Settings

CORRELATION_ID: Final = "X-Correlation-ID"
_QUIET: Final = ("/healthcheck", "/metrics", "/static/{}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = logs.get_logger(__name__)


class _ContextExecutor(ThreadPoolExecutor):
    """Threads that run a call in the context of its caller. Flower publishes tasks from them."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:  # noqa: ANN401 -- of any call
        return super().submit(copy_context().run, fn, *args, **options)


def install(settings: Settings) -> None:
    """Set up logging for this process, and have Flower log its requests with it. Call before it starts."""
    logs.configure(settings)
    flower.urls.settings["log_function"] = log_request
    Flower.pool_executor_cls = _ContextExecutor
    set_headers, execute = BaseHandler.set_default_headers, RequestHandler._execute  # noqa: SLF001 -- see below

    def set_default_headers(handler: Any) -> None:  # noqa: ANN401 -- Tornado's, which calls it for errors too
        set_headers(handler)
        handler.set_header(CORRELATION_ID, correlation_of(handler.request))

    async def run(handler: Any, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- Tornado's
        # Each request is a task of asyncio with a context of its own. No public method runs in it for every
        # handler: Flower's API overrides `prepare`.
        bind_contextvars(correlation_id=correlation_of(handler.request))
        await execute(handler, *args, **options)

    BaseHandler.set_default_headers = set_default_headers
    RequestHandler._execute = run  # type: ignore[assignment]  # noqa: SLF001 -- see above


def correlation_of(request: Any) -> str:  # noqa: ANN401 -- Tornado's HTTPServerRequest, with an attribute of ours
    """Return the request's correlation id: the caller's if it is valid, else one that is made once."""
    if not hasattr(request, "rapport_correlation"):
        given = valid_correlation_id(request.headers.get(CORRELATION_ID))
        request.rapport_correlation = given or logs.new_correlation_id()
    return str(request.rapport_correlation)


def log_request(handler: RequestHandler) -> None:
    """Log one ended request. Neither the address as it came nor a query is in the line."""
    request, status = handler.request, handler.get_status()
    route = find_template(request.path)
    if status >= 500:
        level = logging.ERROR
    elif status >= 400:
        level = logging.WARNING
    else:
        level = logging.DEBUG if route in _QUIET else logging.INFO
    log.log(
        level,
        "request",
        method=request.method if request.method in _METHODS else "other",
        route=route,
        status=status,
        duration_ms=round(request.request_time() * 1000, 1),
        user=_user_of(handler),
        correlation_id=correlation_of(request),
    )


def find_template(path: str) -> str:
    """Return the template of Flower's route for this path, such as `/task/{}`."""
    for pattern, template in _templates():
        if pattern.fullmatch(path):
            return template
    return "unknown"


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    texts = [
        (each.regex.pattern if isinstance(each, url) else each[0]).removesuffix("$")
        for each in flower.urls.handlers
    ]
    return [
        (re.compile(text), re.sub(r"\(.*?\)", "{}", text).removesuffix("/?"))
        for text in texts
        if text != ".*"
    ]


def _user_of(handler: RequestHandler) -> str | None:
    """Return the name of who signed in; None for a refused request, whose name proves nothing."""
    if handler.get_status() == 401:
        return None
    scheme, _, given = handler.request.headers.get("Authorization", "").partition(" ")
    if scheme != "Basic":
        return None
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None
