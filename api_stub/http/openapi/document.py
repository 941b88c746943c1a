"""Complete the OpenAPI document: the error responses, each a problem document, examples and links."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from api_stub.http.access.guard import KEYLESS_PATHS, METRICS, READY
from api_stub.http.faults import FAULT_OF_STATUS, FAULTS, FaultType, type_reference
from api_stub.http.models.problem import Problem
from api_stub.http.openapi.examples import add_examples
from api_stub.http.openapi.links import add_links
from api_stub.http.problems import MEDIA_TYPE
from api_stub.http.successors import SUCCESSORS
from api_stub.http.v1.idempotency import HEADER, KEY_FORM, takes_key
from worker.rules.access import KeyScope

_ALWAYS: Final = (FaultType.REQUEST_MALFORMED, FaultType.TARGET_TOO_LONG, FaultType.HEADERS_TOO_LARGE)
_WITH_KEY: Final = (
    FaultType.KEY_WRONG,
    FaultType.KEY_ENDED,
    FaultType.KEY_IN_URL,
    FaultType.KEY_LOCKED,
    FaultType.TOO_MANY_REQUESTS,
)
_WITH_BODY: Final = (FaultType.MEDIA_TYPE_UNSUPPORTED, FaultType.FIELDS_WRONG)
_REF: Final = {"$ref": "#/components/schemas/Problem"}
IDEMPOTENCY_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A text of your own for this change. Repeated with it, the change is not made again, and "
    "its first answer comes again, for 24 hours.",
    "schema": {"type": "string", "pattern": KEY_FORM},
    "example": "a2c3e4f6-6f8c-4d43-9d5f-0f3d9a0c2b11",
}
_FAULTS: Final = "x-faults"
"""Where a declared response lists its faults, until the document is completed."""


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route, for its declaration: only their statuses are known."""
    return problems(*(FAULT_OF_STATUS[status] for status in statuses))


def problems(*kinds: FaultType) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route, for its declaration: the faults that it raises itself."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        response = found.setdefault(FAULTS[kind].status, {"description": "", _FAULTS: []})
        response[_FAULTS].append(kind)
    return found


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` include the responses of middleware and error handlers, examples and links."""
    declared = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = declared()
            schemas = document["components"]["schemas"]
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            of_problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= of_problem.pop("$defs")
            schemas["Problem"] = of_problem
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    _forbid_nulls(operation)
                    if takes_key(method.upper(), path):
                        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
                    if path in SUCCESSORS:
                        operation["deprecated"] = True
                        operation["description"] += f"\n\nUse {SUCCESSORS[path]} instead."
                    _add_problems(operation, path)
            add_examples(document)
            add_links(document)
        assert app.openapi_schema is not None  # noqa: S101 -- `declared` sets it
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it


def _forbid_nulls(operation: dict[str, Any]) -> None:
    """Remove null from the types of parameters: an optional one is left out; there is no text for null."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) == 1:
            del schema["anyOf"]
            schema |= kinds[0]
        elif kinds:
            schema["anyOf"] = kinds


def _add_problems(operation: dict[str, Any], path: str) -> None:
    responses = operation["responses"]
    own = [FaultType(kind) for response in responses.values() for kind in response.pop(_FAULTS, ())]
    by_status: dict[int, list[FaultType]] = {}
    for kind in dict.fromkeys([*own, *_faults(operation, path)]):
        by_status.setdefault(FAULTS[kind].status, []).append(kind)
    responses.pop("422", None)  # FastAPI's own, in another format
    for status, kinds in sorted(by_status.items()):
        responses[str(status)] = _problem(status, kinds)


def _faults(operation: dict[str, Any], path: str) -> Iterator[FaultType]:
    yield from _ALWAYS
    if path not in KEYLESS_PATHS or path == READY:
        yield from _WITH_KEY
    if path not in KEYLESS_PATHS:
        yield from (FaultType.UNAVAILABLE, FaultType.HOST_UNKNOWN)
    if path not in KEYLESS_PATHS | {METRICS}:
        yield from (FaultType.BODY_TOO_SLOW, FaultType.BODY_TOO_LARGE)
    if "requestBody" in operation:
        yield from _WITH_BODY
    if operation.get("parameters"):
        yield FaultType.FIELDS_WRONG
    if any(each["name"] == "cursor" for each in operation.get("parameters", ())):
        yield FaultType.CURSOR_INVALID
    if IDEMPOTENCY_KEY in operation.get("parameters", ()):
        yield from (FaultType.IDEMPOTENCY_KEY_IN_USE, FaultType.IDEMPOTENCY_KEY_REUSED)
    if _needed_scopes(operation) - {KeyScope.READ}:
        yield FaultType.SCOPE_MISSING


def _needed_scopes(operation: dict[str, Any]) -> set[str]:
    return {
        scope for scheme in operation.get("security", ()) for scopes in scheme.values() for scope in scopes
    }


def problem_example(kind: FaultType) -> dict[str, Any]:
    """Return an example of a problem document of this type."""
    fault = FAULTS[kind]
    example: dict[str, Any] = {
        "type": type_reference(kind),
        "title": fault.title,
        "status": fault.status,
        "detail": _DETAILS.get(kind, fault.title),
        "correlation_id": "0af7651916cd43dd8448eb211c80319c",
    }
    if kind is FaultType.FIELDS_WRONG:
        example["errors"] = [{"field": "query.limit", "message": _WRONG_LIMIT}]
    return example


_WRONG_LIMIT: Final = "Input should be less than or equal to 1000"
_DETAILS: Final = {
    FaultType.FIELDS_WRONG: f"query.limit: {_WRONG_LIMIT}",
    FaultType.ACCOUNT_UNKNOWN: "there is no account called 'dema'; did you mean 'demo'?",
    FaultType.SCOPE_MISSING: "the key 'crm' lacks the scope 'control', which this needs",
    FaultType.UNAVAILABLE: "Postgres does not answer",
}


def _problem(status: int, kinds: list[FaultType]) -> dict[str, Any]:
    examples = {kind.value: {"summary": FAULTS[kind].title, "value": problem_example(kind)} for kind in kinds}
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": _REF, "examples": examples}},
    }
    if status in {429, 503}:
        answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return answer
