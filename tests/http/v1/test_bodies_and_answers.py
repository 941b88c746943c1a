"""What may come in and go out by each route of /v1, by the OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from db.engine import Database
from tests.builders import a_contact, an_account
from tests.http.conftest import TestClient
from tests.http.v1.test_every_route import Operation, operations


@pytest.fixture
def document(v1: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = v1.get("/openapi.json").json()
    return found


ADDRESSES = {
    ("POST", "/v1/campaigns", "url"),
    ("PUT", "/v1/searches/{account}/{name}", "url"),
    ("POST", "/v1/forgotten", "profile_url"),
    ("POST", "/v1/forgotten/allow", "profile_url"),
    ("PUT", "/v1/contacts/{contact_id}/address", "profile_url"),
}
"""The fields that take an address. Each takes addresses of the account's own site only."""
ELSEWHERE = "http://169.254.169.254/latest/meta-data/"


def forms(document: dict[str, Any], schema: Operation) -> Iterator[Operation]:
    """Yield each form of an object that this schema holds."""
    waiting, seen = [schema], list[str]()
    while waiting:
        one = waiting.pop()
        if name := one.get("$ref"):
            if name not in seen:
                seen.append(name)
                waiting.append(document["components"]["schemas"][name.rpartition("/")[2]])
            continue
        if one.get("type") == "object" and "properties" in one:
            yield one
        for word in ("anyOf", "oneOf", "allOf"):
            waiting += one.get(word, [])
        waiting += one.get("properties", {}).values()
        waiting += [
            each for word in ("items", "additionalProperties") if isinstance(each := one.get(word), dict)
        ]


def body_forms(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Yield each form of an object that a body may hold, with the method and path of its route."""
    for method, path, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for form in forms(document, content.get("schema", {})):
                yield method, path, form


def test_no_body_takes_a_field_that_its_form_does_not_name(document: dict[str, Any]) -> None:
    found = list(body_forms(document))
    assert len(found) > 20
    assert [
        (method, path) for method, path, form in found if form.get("additionalProperties") is not False
    ] == []


def test_no_answer_has_a_field_for_a_secret(document: dict[str, Any]) -> None:
    secret = re.compile("hash|sealed|secret|password|token|cookie|storage|api_key")
    names = {
        name
        for _method, _path, operation in operations(document)
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for form in forms(document, content.get("schema", {}))
        for name in form["properties"]
    }
    assert len(names) > 100
    assert {name for name in names if secret.search(name)} == set()


def test_a_body_takes_addresses_of_its_site_only(
    v1: TestClient, database: Database, document: dict[str, Any]
) -> None:
    address = re.compile("url|uri|address|host|callback|webhook")
    found = {
        (method, path, name)
        for method, path, form in body_forms(document)
        for name in form["properties"]
        if address.search(name)
    }
    assert found == ADDRESSES
    parameters = {
        each["name"] for *_, operation in operations(document) for each in operation.get("parameters", [])
    }
    assert [name for name in parameters if address.search(name)] == []
    with database.transaction() as session:
        contact = a_contact(session, an_account(session), "ann").id
    for method, path, body in (
        ("POST", "/v1/campaigns", {"kind": "sourcing", "account": "demo", "options": {"url": ELSEWHERE}}),
        ("PUT", "/v1/searches/demo/one", {"criteria": {"title": "Architect"}, "url": ELSEWHERE}),
        ("POST", "/v1/forgotten", {"confirm": "forget", "profile_url": ELSEWHERE}),
        ("POST", "/v1/forgotten/allow", {"profile_url": ELSEWHERE}),
        ("PUT", f"/v1/contacts/{contact}/address", {"profile_url": ELSEWHERE}),
    ):
        answer = v1.request(method, path, json=body)
        assert answer.status_code == 422, (method, path, answer.text)
        assert "address" in answer.json()["detail"], answer.text
