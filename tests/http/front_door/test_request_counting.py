"""How long a request took and how it ended, as the outermost middleware counts it."""

from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY
from starlette.types import Message, Receive, Scope, Send

from api_stub.http.request_context import RequestContext
from tests.cluster import run_apart

NAME = "linkedin_api_request_duration_seconds"


async def answer(send: Send, *bodies: bytes, between: Callable[[], None] = lambda: None) -> None:
    """Send a response of status 200 in pieces."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for body in bodies:
        between()
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def request(app: Callable[[Scope, Receive, Send], object], status: str) -> tuple[float, float]:
    """Send one request to an application behind the middleware. Return how count and sum have grown."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        pass

    def counted() -> tuple[float, float]:
        labels = {"route": "unknown", "method": "GET", "status": status}
        count, total = (REGISTRY.get_sample_value(f"{NAME}_{part}", labels) or 0 for part in ("count", "sum"))
        return count, total

    before = counted()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/nothing",
        "raw_path": b"/nothing",
        "headers": [],
        "query_string": b"",
    }
    await RequestContext(app)(scope, receive, send)  # type: ignore[arg-type]  # a function is enough
    after = counted()
    return after[0] - before[0], after[1] - before[1]


def test_a_streamed_answer_is_measured_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("worker.clock.monotonic_seconds", lambda: now[0])

    def later() -> None:
        now[0] += 3

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, b"a", b"b", between=later)

    assert run_apart(lambda: request(stream, "200")) == (1, 6)


def test_a_crash_counts_as_500_and_a_client_that_left_as_no_answer() -> None:
    async def crash(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise KeyError("a bug")

    async def leave(_scope: Scope, _receive: Receive, _send: Send) -> None:
        return

    errors = {"type": "http_500", "service": "http"}
    before = REGISTRY.get_sample_value("linkedin_errors_total", errors) or 0
    assert run_apart(lambda: request(crash, "500"))[0] == 1
    assert REGISTRY.get_sample_value("linkedin_errors_total", errors) == before + 1
    assert run_apart(lambda: request(leave, "none"))[0] == 1
