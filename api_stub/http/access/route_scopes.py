"""The scope that a route needs, so that a request can be refused before its body is read."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path
from starlette.types import Scope

from worker.rules.access import KeyScope

_UNDECLARED: Final = frozenset({KeyScope.ADMIN})
"""What a route needs that declares nothing."""

_Needs = tuple[str, frozenset[str], re.Pattern[str], frozenset[KeyScope]]


def find_needed_scopes(scope: Scope) -> frozenset[KeyScope]:
    """Return the scopes that the request's route needs; none if there is no route for it."""
    if "app" not in scope:
        return frozenset()
    method, path = "GET" if scope["method"] == "HEAD" else scope["method"], scope["path"]
    for _, methods, pattern, needed in list_needed_scopes(scope["app"]):
        if method in methods and pattern.match(path):
            return needed
    return frozenset()


@lru_cache
def list_needed_scopes(app: FastAPI) -> Sequence[_Needs]:
    """Return each route's path and methods, in the order in which they are tried, and what it needs."""
    return [
        (
            each.path,
            frozenset(each.methods),
            compile_path(each.path)[0],
            frozenset(map(KeyScope, _scopes_of(getattr(each, "dependant", None)))) or _UNDECLARED,
        )
        for each in iter_route_contexts(app.router.routes)
        if each.path and each.methods
    ]


def _scopes_of(dependant: Dependant | None) -> Iterator[str]:
    if dependant is not None:
        yield from dependant.own_oauth_scopes or ()
        for inner in dependant.dependencies:
            yield from _scopes_of(inner)
