"""Errors as problem documents (RFC 9457)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api_stub.console.console import render_fault
from api_stub.console.paths import find_section
from api_stub.http.faults import FAULT_OF_STATUS, FAULTS, Fault, FaultType, FieldFault, type_reference
from api_stub.http.models.problem import FieldError, Problem
from worker import logs
from worker.errors import RequestRefusedError, TryAgainError

MEDIA_TYPE = "application/problem+json"
_MAX_DETAIL_CHARACTERS = 1000
"""The detail may repeat names from the request, which may have any length."""

_RETRY_AFTER_S = "5"

log = logs.get_logger(__name__)


def problem_response(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    *,
    kind: FaultType | None = None,
    errors: Sequence[FieldFault] = (),
) -> Response:
    """Return the problem document for an error, with the request's correlation id.

    Its type is `kind`, else the one of the status. 429 and 503 always say in Retry-After when to try again.
    Unpaired surrogates in the detail are escaped.
    """
    if status in {429, 503}:
        headers = {"Retry-After": _RETRY_AFTER_S, **(headers or {})}
    kind = kind or FAULT_OF_STATUS.get(status, FaultType.REQUEST_MALFORMED)
    body = Problem(
        type=type_reference(kind),
        title=FAULTS[kind].title,
        status=status,
        detail=_shorten(detail),
        correlation_id=logs.current_correlation_id(),
        errors=[FieldError(field=_shorten(e.field), message=_shorten(e.message)) for e in errors] or None,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), status_code=status, headers=headers, media_type=MEDIA_TYPE
    )


def fault_response(fault: Fault) -> Response:
    """Return the problem document of a fault."""
    status = FAULTS[fault.kind].status
    return problem_response(status, fault.detail, fault.headers, kind=fault.kind, errors=fault.errors)


def _shorten(text: str) -> str:
    text = text if len(text) <= _MAX_DETAIL_CHARACTERS else f"{text[:_MAX_DETAIL_CHARACTERS]} …"
    return text.encode(errors="backslashreplace").decode()


def unavailable_response(cause: BaseException, detail: str) -> Response:
    """Return a 503 and log its cause: the error's type and codes, never its text."""
    original = getattr(cause, "orig", None)
    log.warning(
        "not_possible_now",
        error=type(original or cause).__name__,
        sqlstate=getattr(original, "sqlstate", None),
        reason=getattr(cause, "reason", None),
    )
    return problem_response(503, detail)


def install_error_handlers(app: FastAPI) -> None:
    """Answer the errors that routes raise: with problem documents, on the console's pages with a page."""

    @app.exception_handler(HTTPException)
    async def http_problem(request: Request, error: HTTPException) -> Response:
        if is_console(request):
            status = 404 if error.status_code == 405 else error.status_code
            return render_fault(request, status, detail=str(error.detail))
        if error.status_code == 503:
            return unavailable_response(error.__cause__ or error, str(error.detail))
        if error.status_code == 405:
            return problem_response(405, _WRONG_METHOD, {"Allow": ", ".join(_allowed_methods(app, request))})
        return problem_response(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def wrong_fields(request: Request, error: RequestValidationError) -> Response:
        if is_console(request):
            return render_fault(request, 404)
        wrong = [_name_field(each, error.body) for each in error.errors()]
        return problem_response(422, "; ".join(f"{e.field}: {e.message}" for e in wrong), errors=wrong)

    @app.exception_handler(Fault)
    async def raised_fault(_request: Request, fault: Fault) -> Response:
        return fault_response(fault)

    @app.exception_handler(RequestRefusedError)
    async def refused(request: Request, error: RequestRefusedError) -> Response:
        if is_console(request):
            return render_fault(request, 422, detail=str(error))
        return problem_response(422, str(error), kind=FaultType.REQUEST_REFUSED)

    _answer_outages(app)


def _name_field(error: Mapping[str, Any], body: object) -> FieldFault:
    """Return the field of one of Pydantic's errors, as the sender wrote it, and what is wrong with it.

    Pydantic names the form of a body, which its `kind` has chosen, as if it were a field of its own.
    """
    if error["type"] == "json_invalid":
        return FieldFault("body", f"this is no JSON: {error['ctx']['error']} at character {error['loc'][1]}")
    place, message = list(error["loc"]), error["msg"].removeprefix("Value error, ")
    if place[2:] and isinstance(body, dict) and place[1] not in body and place[1] in body.values():
        del place[1]
    if error["type"] in _WRONG_FORMS:
        place.append(error["ctx"]["discriminator"].strip("'"))
        known = re.findall(r"'([^']*)'", error["ctx"].get("expected_tags", ""))
        message = f"Input should be one of {', '.join(known)}" if known else "Field required"
    return FieldFault(".".join(map(str, place)), message)


_WRONG_FORMS = frozenset({"union_tag_invalid", "union_tag_not_found"})


def _answer_outages(app: FastAPI) -> None:
    """Answer 503 where a server that is needed does not answer."""

    @app.exception_handler(TryAgainError)
    async def try_again(request: Request, error: TryAgainError) -> Response:
        return unavailable(request, error, str(error))

    @app.exception_handler(OperationalError)
    async def no_database(request: Request, error: OperationalError) -> Response:
        return unavailable(request, error, "Postgres does not answer")

    @app.exception_handler(PoolTimeoutError)
    async def no_connection(request: Request, error: PoolTimeoutError) -> Response:
        return unavailable(request, error, "Postgres does not answer: every connection to it is waiting")


def is_console(request: Request) -> bool:
    """Return whether a request is for a page of the console."""
    return find_section(request.scope["path"]) is not None


def unavailable(request: Request, cause: BaseException, detail: str) -> Response:
    """Return a 503 and log its cause; for a page of the console, a page that says it."""
    problem = unavailable_response(cause, detail)
    return (
        render_fault(request, 503, headers={"Retry-After": _RETRY_AFTER_S})
        if is_console(request)
        else problem
    )


_WRONG_METHOD = "this address accepts other methods: the Allow header lists them"


def _allowed_methods(app: FastAPI, request: Request) -> list[str]:
    """Return the methods that any route with this request's path accepts."""
    taken: set[str] = set()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method, "path_params": {}}
        if any(route.matches(scope)[0] is Match.FULL for route in app.router.routes):
            taken.add(method)
    if "GET" in taken and request.scope["path"].startswith("/v1/"):
        taken.add("HEAD")
    return sorted(taken)
