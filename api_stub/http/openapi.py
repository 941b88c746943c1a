"""Add the error responses, each a problem document, to the OpenAPI document."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from api_stub.http.guard import KEYLESS_PATHS, METRICS, READY
from api_stub.http.models.problem import Problem
from api_stub.http.problems import MEDIA_TYPE

_ALWAYS: Final = (400, 414, 431)
_WITH_KEY: Final = (401, 429)
_WITH_BODY: Final = (408, 413, 415, 422)
_REF: Final = {"$ref": "#/components/schemas/Problem"}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return a route's own error responses, for its declaration."""
    return {status: _problem(status) for status in statuses}


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` include the responses of middleware and error handlers."""
    declared = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = declared()
            schemas = document["components"]["schemas"]
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            schemas["Problem"] = Problem.model_json_schema()
            for path, operations in document["paths"].items():
                for operation in operations.values():
                    _add_problems(operation, path)
        assert app.openapi_schema is not None  # noqa: S101 -- `declared` sets it
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it


def _add_problems(operation: dict[str, Any], path: str) -> None:
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own, in another format
    for status in sorted({*_statuses(operation, path), *_declared_statuses(responses)}):
        responses[str(status)] = _problem(status)


def _declared_statuses(responses: dict[str, Any]) -> Iterator[int]:
    return (
        int(status) for status, response in responses.items() if MEDIA_TYPE in response.get("content", {})
    )


def _statuses(operation: dict[str, Any], path: str) -> Iterator[int]:
    yield from _ALWAYS
    if path not in KEYLESS_PATHS or path == READY:
        yield from _WITH_KEY
    if path not in KEYLESS_PATHS:
        yield 503
    if path not in KEYLESS_PATHS | {METRICS}:
        yield from (408, 413)
    if "requestBody" in operation:
        yield from _WITH_BODY
    if operation.get("parameters"):
        yield 422


def _problem(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _REF}}}
