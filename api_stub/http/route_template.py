"""The template of a request's route, so that metrics and logs name no value that a client chose."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path
from starlette.types import Scope

UNKNOWN: Final = "unknown"
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def find_route_template(scope: Scope) -> str:
    """Return the template that the request's path has, as `/data/actions/{action_id}`, or "unknown".

    A request that was refused before it was routed is matched now.
    """
    template: str | None = getattr(scope.get("route"), "path", None)
    if template is None and "app" in scope:
        found = (each for each, pattern in _templates(scope["app"]) if pattern.match(scope["path"]))
        template = next(found, None)
    return template or UNKNOWN


def list_successes(app: FastAPI) -> Iterator[tuple[str, str, int]]:
    """Yield the template and a method of each route, with the status of its success."""
    for each in iter_route_contexts(app.router.routes):
        for method in sorted(each.methods or ()):
            if each.path:
                yield each.path, method, getattr(each, "status_code", None) or 200


@lru_cache
def _templates(app: FastAPI) -> Sequence[tuple[str, re.Pattern[str]]]:
    paths = {context.path for context in iter_route_contexts(app.router.routes) if context.path}
    return [(path, compile_path(path)[0]) for path in sorted(paths)]


def known_method(scope: Scope) -> str:
    """Return the request's method, or "other" for one that HTTP doesn't know."""
    method = str(scope["method"])
    return method if method in _METHODS else "other"
