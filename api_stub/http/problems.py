"""Errors as problem documents (RFC 9457)."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api_stub.http.models.problem import Problem
from worker import logs
from worker.errors import TryAgainError

MEDIA_TYPE = "application/problem+json"
_MAX_DETAIL_CHARACTERS = 1000
"""The detail may repeat names from the request, which may have any length."""

TITLES = {
    401: "The key is missing or wrong",
    404: "There is nothing here",
    405: "This address does not accept the method",
    409: "The request conflicts with the current state",
    422: "The request has wrong fields",
    429: "Too many wrong keys",
    500: "An error in Rapport",
    503: "Not possible right now",
}

log = logs.get_logger(__name__)


def problem_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the problem document for an error. Unpaired surrogates in the detail are escaped."""
    detail = detail if len(detail) <= _MAX_DETAIL_CHARACTERS else f"{detail[:_MAX_DETAIL_CHARACTERS]} …"
    body = Problem(
        title=TITLES.get(status, "The request was refused"),
        status=status,
        detail=detail.encode(errors="backslashreplace").decode(),
    )
    return JSONResponse(body.model_dump(), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def unavailable_response(cause: BaseException, detail: str) -> Response:
    """Return a 503 and log its cause: the error's type and codes, never its text."""
    original = getattr(cause, "orig", None)
    log.warning(
        "not_possible_now",
        error=type(original or cause).__name__,
        sqlstate=getattr(original, "sqlstate", None),
        reason=getattr(cause, "reason", None),
    )
    return problem_response(503, detail, {"Retry-After": "5"})


def install_error_handlers(app: FastAPI) -> None:
    """Answer the errors that routes raise with problem documents."""

    @app.exception_handler(HTTPException)
    async def http_problem(request: Request, error: HTTPException) -> Response:
        if error.status_code == 503:
            return unavailable_response(error.__cause__ or error, str(error.detail))
        if error.status_code == 405:
            return problem_response(405, _WRONG_METHOD, {"Allow": ", ".join(_allowed_methods(app, request))})
        return problem_response(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def wrong_fields(_request: Request, error: RequestValidationError) -> Response:
        faults = (
            f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        return problem_response(422, "; ".join(faults))

    @app.exception_handler(TryAgainError)
    async def try_again(_request: Request, error: TryAgainError) -> Response:
        return unavailable_response(error, str(error))

    @app.exception_handler(OperationalError)
    async def no_database(_request: Request, error: OperationalError) -> Response:
        return unavailable_response(error, "Postgres does not answer")

    @app.exception_handler(PoolTimeoutError)
    async def no_connection(_request: Request, error: PoolTimeoutError) -> Response:
        return unavailable_response(error, "Postgres does not answer: every connection to it is waiting")


_WRONG_METHOD = "this address accepts other methods: the Allow header lists them"


def _allowed_methods(app: FastAPI, request: Request) -> list[str]:
    """Return the methods that any route with this request's path accepts."""
    taken: set[str] = set()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method, "path_params": {}}
        if any(route.matches(scope)[0] is Match.FULL for route in app.router.routes):
            taken.add(method)
    return sorted(taken)
