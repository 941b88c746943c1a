"""What all routes of /v1 share: pages, conditions, fields, scopes and problems."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from httpx import Response as Answer
from pydantic import BaseModel, SecretStr

from api_stub.http.faults import FAULT_OF_STATUS, FAULTS, FaultType
from api_stub.http.problems import install_error_handlers
from api_stub.http.v1.caller import AdminCaller
from api_stub.http.v1.conditions import IfMatch, etag, require_match
from api_stub.http.v1.fields import Day, Instant, LongText, ShortText
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.http.v1.reading import Reading
from tests.http.conftest import TestClient
from tests.http.v1.conftest import As
from worker.errors import RequestRefusedError
from worker.settings import Settings

NUMBERS = range(1, 8)
router = APIRouter()


class NumberQuery(PageQuery):
    odd: bool = False


class Body(BaseModel):
    line: ShortText = "a"
    text: LongText = "a"
    at: Instant | None = None
    day: Day | None = None


@router.get("/numbers")
@router.get("/others")
def list_numbers(request: Request, query: Annotated[NumberQuery, Query()]) -> Page[int]:
    after = read_position(request, query, int) or 0
    found = [n for n in NUMBERS if n > after and (n % 2 or not query.odd)][: query.fetch_limit]
    return build_page(request, query, found, int, position=lambda n: n)


@router.get("/v1/thing")
def show(response: Response) -> str:
    response.headers["ETag"] = etag(7, "seven")
    return "seven"


@router.put("/thing")
def change(body: Body, response: Response, if_match: IfMatch = None) -> Body:
    require_match(if_match, etag(7, "seven"))
    response.headers["ETag"] = etag(8, "eight")
    return body


@router.get("/refused")
def refuse(caller: AdminCaller) -> None:
    raise RequestRefusedError("there is nothing to do")


@pytest.fixture(scope="module")
def shared() -> Iterator[TestClient]:
    app = FastAPI()
    app.state.settings = Settings.model_construct(
        api_key=SecretStr("an-api-key"), console_keys=None, secret_keys=None, database_url=None
    )
    app.add_middleware(Reading)
    app.add_middleware(As)
    app.include_router(router)
    install_error_handlers(app)
    with TestClient(app) as client:
        yield client


def wrong(answer: Answer, kind: FaultType) -> dict[str, Any]:
    """Return the problem document; fails unless the answer is one of this type."""
    body: dict[str, Any] = answer.json()
    assert (answer.headers["content-type"], body["type"]) == ("application/problem+json", f"/problems/{kind}")
    assert answer.status_code == body["status"] == FAULTS[kind].status
    return body


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 4, 7, 100])
def test_pages_have_each_item_once_in_order_and_the_last_says_so(
    shared: TestClient, limit: int, odd: bool
) -> None:
    found: list[int] = []
    asked: dict[str, Any] = {"limit": limit, "odd": odd}
    while True:
        page = shared.get("/numbers", params=asked).json()
        assert 1 <= len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert found == [n for n in NUMBERS if n % 2 or not odd]


def test_a_cursor_is_for_its_own_list_and_filters_only(shared: TestClient) -> None:
    cursor = shared.get("/numbers?limit=2").json()["next"]
    assert shared.get("/numbers", params={"cursor": cursor, "limit": 3}).json()["items"] == [3, 4, 5]
    for path, params in (
        ("/others", {"cursor": cursor}),
        ("/numbers", {"cursor": cursor, "odd": True}),
        ("/numbers", {"cursor": f"N{cursor[1:]}"}),
        ("/numbers", {"cursor": cursor[:-1]}),
        ("/numbers", {"cursor": cursor.partition(".")[0]}),
        ("/numbers", {"cursor": "é"}),
        ("/numbers", {"cursor": ""}),
    ):
        body = wrong(shared.get(path, params=params), FaultType.CURSOR_INVALID)
        assert body["errors"][0]["field"] == "query.cursor"


def test_a_change_is_made_only_on_what_was_read(shared: TestClient) -> None:
    now = etag(7, "seven")
    for good in (None, now, "*", f'"other", {now}'):
        answer = shared.put("/thing", json={}, headers={} if good is None else {"If-Match": good})
        assert answer.status_code == 200
    for old in ('"other"', f"W/{now}", now.strip('"'), ""):
        answer = shared.put("/thing", json={}, headers={"If-Match": old})
        wrong(answer, FaultType.CHANGED_MEANWHILE)
        assert answer.headers["ETag"] == now
    assert etag(7, "seven") != etag("7", "seven") != etag(7)


def test_what_the_client_has_already_is_not_sent_again(shared: TestClient) -> None:
    now = etag(7, "seven")
    for method, tags, status in (
        ("GET", now, 304), ("GET", f'"other", W/{now}', 304), ("GET", "*", 304), ("HEAD", now, 304),
        ("GET", '"other"', 200), ("GET", "", 200), ("HEAD", '"other"', 200),
    ):  # fmt: skip
        answer = shared.request(method, "/v1/thing", headers={"If-None-Match": tags})
        assert (answer.status_code, answer.headers["ETag"]) == (status, now)
        assert answer.text == ('"seven"' if (method, status) == ("GET", 200) else "")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("line", ""), ("line", "a\nb"), ("line", "a\0"), ("line", "a\x1b"), ("line", "x" * 201), ("line", 3),
        ("text", "a\tb\x7f"), ("text", "\u202eabc"), ("text", "x" * 5001),
        ("day", 0), ("day", False), ("day", 20_260_131), ("day", "2026-1-31"), ("day", "1899-12-31"),
        ("at", "2026-01-31"), ("at", "2026-01-31T09:00:00"), ("at", 1_700_000_000), ("at", "1700000000"),
        ("at", "9999-12-31T23:59:59-10:00"), ("at", "0001-01-01T00:00:00+10:00"),
    ],
)  # fmt: skip
def test_a_field_out_of_its_bounds_is_named(shared: TestClient, field: str, given: object) -> None:
    body = wrong(shared.put("/thing", json={field: given}), FaultType.FIELDS_WRONG)
    assert {error["field"].partition(".")[0] for error in body["errors"]} == {"body"}
    assert any(error["field"].startswith(f"body.{field}") for error in body["errors"]) or "\ud800" in str(
        given
    )


def test_texts_and_instants_as_people_write_them_are_taken(shared: TestClient) -> None:
    good = {"line": "Zoë 🎉", "text": "two\nlines", "at": "2026-01-31T09:00:00.5+02:00", "day": "2026-01-31"}
    assert shared.put("/thing", json=good).status_code == 200


@pytest.mark.parametrize("scopes", ["read", "control", "approve", "control approve"])
def test_a_key_without_the_scope_is_refused_and_told_which(shared: TestClient, scopes: str) -> None:
    body = wrong(shared.get("/refused", headers={"X-Scopes": scopes}), FaultType.SCOPE_MISSING)
    assert "'admin'" in body["detail"]


def test_what_the_store_refuses_is_said_in_its_words(shared: TestClient) -> None:
    body = wrong(shared.get("/refused", headers={"X-Scopes": "admin"}), FaultType.REQUEST_REFUSED)
    assert body["detail"] == "there is nothing to do"


def test_every_type_of_fault_has_its_row() -> None:
    assert set(FAULTS) == set(FaultType)
    assert all(FAULTS[kind].status == status for status, kind in FAULT_OF_STATUS.items())
