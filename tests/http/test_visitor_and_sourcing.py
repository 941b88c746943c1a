"""Visitor and sourcing campaigns over HTTP: which tasks are published, and which requests are refused."""

from typing import Any
from uuid import UUID

import pytest

from api_stub.client import TaskClient
from db.engine import Database
from db.store.campaigns import saved_searches, searches
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people import accounts
from db.tables import Campaign
from tests.builders import TEN, a_campaign, an_account
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from worker.rules.model import SearchEnd
from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.search import SearchQuery

SEARCH = "https://sandbox.test/search/people/?keywords=python"
QUERY = SearchQuery((("keywords", "python"),))


@pytest.fixture
def sent(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The published tasks: names, and arguments as JSON."""
    with database.transaction() as session:
        account = an_account(session)
        saved_searches.save_search(
            session, account.id, "pythonists", SearchSpec(QUERY, Criteria(title="Engineer"))
        )
        an_account(session, "real", site="linkedin", limits=TEN)
    told: list[tuple[str, dict[str, Any]]] = []

    def send(_: TaskClient, name: str, payload: Any, **__: Any) -> str:
        told.append((name, payload.model_dump(mode="json", exclude_none=True)))
        return "id"

    monkeypatch.setattr(TaskClient, "send", send)
    return told


def test_a_visitor_campaign_is_asked_for_by_name(client: TestClient, sent: list[Any]) -> None:
    body = {"account": "demo", "profiles": ["https://sandbox.test/in/ann/"], "limit": 5}
    answer = client.post("/control/visitor", json=body)
    assert answer.status_code == 202
    ((name, arguments),) = sent
    assert name == "tasks.visitor.campaign"
    assert arguments["campaign_id"] == answer.json()["campaign_id"]
    assert (arguments["profiles"], arguments["limit"]) == (body["profiles"], 5)


def test_a_sourcing_campaign_is_asked_for_with_its_criteria(client: TestClient, sent: list[Any]) -> None:
    criteria = {"skills": ["Python"], "weights": {"skills": 3}, "required": ["skills"]}
    body = {"account": "demo", "url": SEARCH, "criteria": criteria, "dry_run": True}
    assert client.post("/control/sourcing", json=body).json()["dry_run"] is True
    ((name, arguments),) = sent
    assert name == "tasks.sourcing.campaign"
    assert arguments["criteria"]["skills"] == ["Python"]
    assert arguments["criteria"]["required"] == ["skills"]
    assert arguments["url"] == SEARCH


def test_a_saved_search_is_known_by_its_name(client: TestClient, sent: list[Any]) -> None:
    for kind in ("visitor", "sourcing"):
        given = {"account": "demo", "saved_search": "pythonists"}
        assert client.post(f"/control/{kind}", json=given).status_code == 202
        lost = client.post(f"/control/{kind}", json=given | {"saved_search": "gone"})
        assert problem(lost, 404).startswith("body.saved_search: account demo has no search 'gone'")
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("visitor", {}, "body: "),
        ("visitor", {"not_seen_months": 0}, "body.not_seen_months: "),
        ("visitor", {"not_seen_months": 3, "limit": 10**9}, "body.limit: "),
        (
            "visitor",
            {"profiles": ["https://sandbox.test/in/a/", "https://evil.test/in/b/"]},
            "body.profiles.1: ",
        ),
        ("sourcing", {}, "body: "),
        ("sourcing", {"url": "https://evil.test/search/people/?keywords=a"}, "body.url: "),
        ("sourcing", {"url": "http://169.254.169.254/search/people/?keywords=a"}, "body.url: "),
        ("sourcing", {"url": "https://sandbox.test/search/people/?go=//evil.test"}, "body.url: "),
        ("sourcing", {"url": SEARCH, "limit": 1001}, "body.limit: "),
        ("sourcing", {"url": f"{SEARCH}\0"}, "body.url: "),
        ("sourcing", {"criteria": {"skills": ["SQL", "C\x1b[2J"]}}, "body.criteria.skills.1: "),
        (
            "visitor",
            {"profiles": ["https://sandbox.test/in/a/\x9b"]},
            "body.profiles.0: Character 27 is a control",
        ),
        ("sourcing", {"criteria": {"skils": ["a"]}}, "body.criteria.skils: "),
        ("sourcing", {"criteria": {"open_to_work": True}}, "body.criteria: there is nothing to search for"),
        ("sourcing", {"url": SEARCH, "criteria": {"skills": ["x"] * 21}}, "body.criteria.skills: "),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(
    client: TestClient, sent: list[Any], kind: str, body: dict[str, Any], field: str
) -> None:
    answer = client.post(f"/control/{kind}", json={"account": "demo", **body})
    assert problem(answer, 422).startswith(field)
    assert answer.json()["errors"]
    assert sent == []


def test_an_unknown_account(client: TestClient, sent: list[Any]) -> None:
    for kind, body in (("visitor", {"not_seen_months": 3}), ("sourcing", {"url": SEARCH}), ("birthday", {})):
        unknown = client.post(f"/control/{kind}", json={"account": "nobody", **body})
        assert "there is no account called 'nobody'" in problem(unknown, 404)
    assert sent == []


def test_a_campaign_tells_how_far_its_search_is(
    client: TestClient, database: Database, sent: list[Any]
) -> None:
    def shown(campaign_id: UUID) -> dict[str, Any]:
        body: dict[str, Any] = client.get(f"/control/campaigns/{campaign_id}").json()
        return {field: body[field] for field in ("pages", "found", "ended")}

    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        campaign_id, other = a_campaign(session, account), a_campaign(session, account)
        searches.add_search(session, campaign_id, QUERY)
    assert shown(other) == {"pages": None, "found": None, "ended": None}
    assert shown(campaign_id) == {"pages": 0, "found": 0, "ended": None}
    with database.transaction() as session:
        ended = searches.SearchRecord(QUERY, pages=4, found=31, dry=3, ended=SearchEnd.NO_NEWS)
        searches.save_cursor(session, campaign_id, ended)
    assert shown(campaign_id) == {"pages": 4, "found": 31, "ended": "no_news"}


def test_options_that_are_lists_and_criteria_are_shown(client: TestClient, database: Database) -> None:
    options: dict[str, Any] = {
        "criteria": {"skills": ["Python"], "weights": {"skills": 3}},
        "profiles": [],
        "url": None,
    }
    with database.transaction() as session:
        campaign_id = a_campaign(session, an_account(session))
        session.get_one(Campaign, campaign_id).options = options
    assert client.get(f"/control/campaigns/{campaign_id}").json()["options"] == options
    assert client.get("/control/campaigns").json()["items"][0]["options"] == options
