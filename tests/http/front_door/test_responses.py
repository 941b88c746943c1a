"""What every response has: security headers, problem documents, the OpenAPI document."""

import re

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.http.conftest import Front, TestClient
from tests.http.front_door.test_front_door import problem


def test_every_answer_is_marked_and_none_redirects_by_the_host_header(client: TestClient) -> None:
    for method, path in (
        ("GET", "/health"), ("GET", "/docs"), ("GET", "/nothing"), ("GET", "/health/"), ("POST", "/health"),
        ("GET", "/data/actions"), ("GET", "/data/actions?limit=0"), ("OPTIONS", "/data/actions"),
    ):  # fmt: skip
        answer = client.request(method, path, headers={"Host": "evil.example"}, follow_redirects=False)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "evil.example" not in answer.text + str(answer.headers)
        assert answer.status_code < 300 or problem(answer, answer.status_code)


def test_a_method_that_is_not_there_is_told_which_are(client: TestClient) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"):
        answer = client.request(method, "/control/kill-switch")
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, POST"


def test_a_stranger_is_told_how_to_show_the_key(client: TestClient) -> None:
    del client.headers["X-API-Key"]
    for path in ("/data/actions", "/metrics"):
        told = client.get(path).headers["WWW-Authenticate"]
        assert told == 'APIKey realm="rapport", Bearer realm="rapport"'


def test_the_docs_page_loads_nothing(client: TestClient) -> None:
    del client.headers["X-API-Key"]
    page = client.get("/docs")
    assert page.status_code == 200
    for loading in ("<script", "src=", "href=", "http://", "https://", "@import", "url("):
        assert loading not in re.sub(
            r"<pre>.*?</pre>", "", page.text, flags=re.DOTALL
        )  # examples have addresses
    document = client.get("/openapi.json").json()
    assert all(
        f"{verb.upper()} {path}" in page.text for path, verbs in document["paths"].items() for verb in verbs
    )
    for shown in (
        "options.late_days",
        "<code>linkedin</code>",
        "GET /v1/caller",
        "Scope: <code>read</code>",
        "&#34;name&#34;: &#34;crm&#34;",
    ):
        assert shown in page.text


def test_every_error_in_the_document_is_a_problem(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, verbs in paths.items():
        for operation in verbs.values():
            for status, answer in operation["responses"].items():
                if status >= "400" and (path, status) != ("/ready", "503"):
                    assert list(answer["content"]) == ["application/problem+json"]
    assert {"202", "401", "404", "409", "413", "415", "422", "429", "503"} <= set(
        paths["/control/birthday"]["post"]["responses"]
    )


def test_a_fault_of_ours_is_in_the_log_under_the_callers_id(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = front()

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api_stub.http.routes.history.overview.list_actions", fails)
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = client.get("/data/actions", headers={"X-Correlation-ID": "trace-9"})
    assert problem(answer, 500) == "the log says more, under the correlation id"
    assert answer.headers["X-Correlation-ID"] == answer.json()["correlation_id"] == "trace-9"
    (request,) = [line for line in lines if line["event"] == "request"]
    assert (request["status"], request["log_level"], request["correlation_id"]) == (500, "error", "trace-9")
    (line,) = [line for line in lines if line["event"] == "request_failed"]
    assert (line["correlation_id"], line["error"]) == ("trace-9", "ZeroDivisionError")
