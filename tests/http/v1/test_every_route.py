"""What holds for every route of /v1, by the OpenAPI document."""

import json
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi.routing import iter_route_contexts
from markupsafe import escape
from starlette.routing import compile_path

from api_stub.http.faults import FAULTS
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.conftest import ClientAs

ROOT = Path(__file__).parents[3]
_NOT_JSON = {"multipart/form-data", "application/octet-stream", "text/csv", "text/event-stream"}
Operation = dict[str, Any]


@pytest.fixture
def document(v1: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = v1.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Yield method, path and operation of each route of /v1."""
    for path, verbs in document["paths"].items():
        if path.startswith("/v1/"):
            for method, operation in verbs.items():
                yield method.upper(), path, operation


def test_every_route_needs_a_key_with_a_scope(
    v1: TestClient, v1_as: ClientAs, document: dict[str, Any]
) -> None:
    weakest = v1_as("read")
    for method, path, operation in operations(document):
        scopes = {scope for scheme in operation["security"] for each in scheme.values() for scope in each}
        assert len(scopes) == 1, f"{method} {path}"
        filled = re.sub(r"{[^}]*}", "1", path)
        assert (
            v1.request(method, filled, headers={"X-API-Key": ""}).status_code == 401
        )  # wrong ones are counted
        if scopes != {"read"}:
            assert weakest.request(method, filled).status_code == 403, f"{method} {path}"


def test_no_route_takes_the_address_of_another(v1: TestClient, document: dict[str, Any]) -> None:
    routes = [
        (context.path, context.methods or (), compile_path(context.path)[0])
        for context in iter_route_contexts(v1.app.router.routes)  # type: ignore[attr-defined]  # an application's
        if context.path
    ]
    for method, path, _ in operations(document):
        taking = (each for each, methods, pattern in routes if method in methods and pattern.match(path))
        assert next(taking) == path


def test_each_type_of_problem_has_a_page_that_needs_no_key(v1: TestClient) -> None:
    for kind, fault in FAULTS.items():
        page = v1.get(f"/problems/{kind}", headers={"X-API-Key": "wrong"})
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert escape(fault.title) in page.text
        assert escape(fault.remedy.replace("`", "")) in re.sub("</?code>", "", page.text)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert problem(v1.get("/problems/none"), 404)


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield place, media type and content of each body of a route of /v1."""
    for method, path, operation in operations(document):
        holders = {"body": operation.get("requestBody", {}), **operation["responses"]}
        for what, holder in holders.items():
            for media_type, content in holder.get("content", {}).items():
                yield f"{method} {path}: {what}", media_type, content


def test_every_route_has_an_example_of_its_body_and_of_each_answer(document: dict[str, Any]) -> None:
    missing, wrong = [], []

    @cache  # all problems have one schema, and each validator holds the whole document
    def open_validator(schema: str) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            {**json.loads(schema), "components": document["components"]}
        )

    for place, media_type, content in bodies(document):
        examples = [each["value"] for each in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        if not examples and media_type not in _NOT_JSON:
            missing.append(place)
        schema = json.dumps(content.get("schema", {}))
        for example in examples:
            errors = open_validator(schema).iter_errors(example)
            wrong += [f"{place}: {error.instance_path}: {error.message}" for error in errors]
    assert missing == []
    assert wrong == []


def test_every_parameter_of_an_address_has_an_example(document: dict[str, Any]) -> None:
    without = [
        f"{method} {path}: {parameter['name']}"
        for method, path, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path" and "example" not in parameter
    ]
    assert without == []


def test_every_route_is_named_as_its_function_and_says_what_it_does(document: dict[str, Any]) -> None:
    named = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(named)) == len(named)
    assert all(name.isidentifier() and not name.endswith("_get") for name in named)
    assert all(operation["description"] and operation["tags"] for _, _, operation in operations(document))
    assert document["openapi"].startswith("3.1.")


def test_the_page_of_the_api_is_current() -> None:
    page = ROOT / "docs" / "api.md"
    fill = runpy.run_path(str(ROOT / "docs" / "make_api_page.py"))["fill_routes"]
    assert page.read_text() == fill(page.read_text()), "run .venv/bin/python docs/make_api_page.py"


def test_no_parameter_can_be_null(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            assert "null" not in json.dumps(parameter["schema"]), f"{method} {path} {parameter['name']}"


def test_a_link_has_all_that_its_operation_needs(document: dict[str, Any]) -> None:
    """Each place that a link names is in the answer, and each parameter of the path is given or free."""
    names = {operation["operationId"]: (path, operation) for _, path, operation in operations(document)}
    count = 0
    for _, path, operation in operations(document):
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                target, linked = names[link["operationId"]]
                places = [*link.get("parameters", {}).values(), *link.get("requestBody", {}).values()]
                for place in places:
                    kind, _, pointer = place.partition("#/")
                    if kind == "$response.body":
                        assert has_place(document, response["content"]["application/json"]["schema"], pointer)
                    else:
                        assert "{" + place.removeprefix("$request.path.") + "}" in path
                taken = {each["name"] for each in linked.get("parameters", ())}
                assert {name.rpartition(".")[2] for name in link.get("parameters", {})} <= taken, target
                count += 1
    assert count > 150


def has_place(document: dict[str, Any], schema: dict[str, Any], pointer: str) -> bool:
    """Return whether an answer of this schema has the place of a JSON pointer."""
    for part in pointer.split("/"):
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        parts = {"0": schema["items"]} if "items" in schema else schema.get("properties", {})
        if part not in parts:
            return False
        schema = parts[part]
    return True
