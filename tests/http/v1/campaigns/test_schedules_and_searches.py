"""Schedules, saved searches and the people found, below /v1."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from db.engine import Database
from db.store import audit
from db.store.campaigns import schedules, search_hits
from db.tables import Campaign, Hit
from tests.builders import a_campaign, a_contact, an_account
from tests.http.conftest import TestClient
from tests.http.test_campaigns import a_plan
from tests.http.v1.campaigns.test_campaigns import pages
from tests.http.v1.conftest import ClientAs
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import Criterion
from worker.rules.sourcing.scoring import Score, ScoreReason

NINE = {"cron": "0 9 * * 1-5", "options": {"approval": True}}
ARCHITECTS = {"criteria": {"title": "Architect"}}


def changes(database: Database) -> list[tuple[str, str, str]]:
    with database.transaction() as session:
        return [(each.by, each.change, each.about) for each in reversed(audit.list_changes(session))]


@pytest.fixture
def demo(database: Database) -> None:
    with database.transaction() as session:
        an_account(session, zone="Europe/Paris")


@pytest.mark.usefixtures("demo")
def test_a_schedule_is_set_switched_and_changed_only_if_it_is_the_one_that_was_read(
    v1_as: ClientAs, database: Database
) -> None:
    client = v1_as("control")
    path = "/v1/schedules/demo/birthday"
    assert client.get(path).json()["type"] == "/problems/schedule-unknown"
    for tag in ('"none"', "*", '"none",'):
        assert client.put(path, json=NINE, headers={"If-Match": tag}).status_code == 412, tag
    made = client.put(path, json=NINE)
    assert (made.status_code, made.json()["time_zone"], len(made.json()["next_starts"])) == (
        200, "Europe/Paris", 3,
    )  # fmt: skip
    off = client.post(f"{path}/off", headers={"If-Match": made.headers["ETag"]})
    assert (off.json()["enabled"], off.json()["next_starts"]) == (False, [])
    for stale in (
        client.put(path, json=NINE, headers={"If-Match": made.headers["ETag"]}),
        client.post(f"{path}/on", headers={"If-Match": made.headers["ETag"]}),
    ):
        assert (stale.status_code, stale.json()["type"]) == (412, "/problems/changed-meanwhile")
    on = client.post(f"{path}/on").json()
    assert (on["enabled"], on["options"]["approval"]) == (True, True)
    with database.transaction() as session:
        stored = schedules.find_schedule(session, "demo", CampaignKind.BIRTHDAY)
    assert (stored.cron, stored.enabled) == (NINE["cron"], True) if stored else False
    verbs = ("set", "off", "on")
    assert changes(database) == [("control-key", f"schedule.{verb}", "demo/birthday") for verb in verbs]


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("birthday", {"cron": "61 9 * * *"}, "body.cron"),
        ("birthday", {**NINE, "options": {"late_days": 11}}, "body.options.late_days"),
        ("birthday", {**NINE, "options": {"url": "x"}}, "body.options.url"),
        ("sourcing", {**NINE, "options": {"saved_search": "none"}}, "body.options.saved_search"),
        ("visitor", {**NINE, "options": {}}, "body.options"),
    ],
)
def test_a_wrong_field_of_a_schedule_is_named(
    v1: TestClient, database: Database, kind: str, body: Mapping[str, Any], field: str
) -> None:
    refused = v1.put(f"/v1/schedules/demo/{kind}", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    with database.transaction() as session:
        assert schedules.list_schedules(session) == []


def test_schedules_and_searches_are_listed_by_account_in_pages(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        for name in ("one", "two"):
            an_account(session, name)
    for name in ("two", "one"):
        for kind in ("invitations", "birthday"):
            assert v1.put(f"/v1/schedules/{name}/{kind}", json={"cron": "0 9 * * *"}).status_code == 200
            assert v1.put(f"/v1/searches/{name}/{kind}", json=ARCHITECTS).status_code == 200
    places = [(name, kind) for name in ("one", "two") for kind in ("birthday", "invitations")]
    assert [(each["account"], each["kind"]) for each in pages(v1, "/v1/schedules")] == places
    assert [(each["account"], each["name"]) for each in pages(v1, "/v1/searches")] == places
    for path in ("/v1/schedules", "/v1/searches"):
        assert {each["account"] for each in pages(v1, path, account="two")} == {"two"}
        assert v1.get(path, params={"account": "none"}).json()["type"] == "/problems/account-unknown"


@pytest.mark.usefixtures("demo")
def test_a_search_is_saved_read_and_removed_only_if_it_is_the_one_that_was_read(
    v1_as: ClientAs, database: Database
) -> None:
    client = v1_as("control")
    path = "/v1/searches/demo/architects"
    assert client.put(path, json=ARCHITECTS, headers={"If-Match": "*"}).status_code == 412
    made = client.put(path, json=ARCHITECTS)
    shown = client.get(path)
    assert shown.json()["criteria"]["title"] == "Architect"
    assert shown.json()["url"].startswith("https://")
    assert shown.headers["ETag"] == made.headers["ETag"]
    other = {"criteria": {"title": "Painter", "keywords": ["x"], "required": ["title", "keywords"]}}
    changed = client.put(path, json=other, headers={"If-Match": made.headers["ETag"]})
    assert changed.status_code == 200
    for stale in (
        client.put(path, json=ARCHITECTS, headers={"If-Match": made.headers["ETag"]}),
        client.delete(path, headers={"If-Match": made.headers["ETag"]}),
    ):
        assert stale.status_code == 412
    assert client.delete(path, headers={"If-Match": changed.headers["ETag"]}).status_code == 204
    assert client.get(path).json()["type"] == "/problems/search-unknown"
    verbs = ("save", "save", "delete")
    assert changes(database) == [("control-key", f"search.{verb}", "demo/architects") for verb in verbs]


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"url": "https://example.org/"}, "body.url"),
        ({"criteria": {"title": "\x07"}}, "body.criteria.title"),
    ],
)
def test_a_wrong_field_of_a_search_is_named(v1: TestClient, body: Mapping[str, Any], field: str) -> None:
    refused = v1.put("/v1/searches/demo/x", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


@pytest.fixture
def found(database: Database) -> tuple[UUID, list[int]]:
    """A search that found six people: two of the same score, the last two without one."""
    with database.transaction() as session:
        account = an_account(session)
        campaign_id = a_campaign(session, account)
        session.execute(
            update(Campaign)
            .where(Campaign.id == campaign_id)
            .values(kind="sourcing", options={"criteria": {"title": "Architect"}, "limit": 10})
        )
        people = []
        for number, points in enumerate((90, 60, 60, 10, None, None)):
            contact = a_contact(session, account, f"found-{number}")
            contact.profile = {"headline": "Architect" if number == 5 else "Painter"}
            session.add(Hit(campaign_id=campaign_id, contact_id=contact.id, page=1))
            session.flush()
            if points is not None:
                reason = ScoreReason(points, Criterion.TITLE, "title Architect")
                search_hits.save_score(session, campaign_id, contact.id, Score(points, (reason,)))
            people.append(contact.id)
    return campaign_id, people


def test_the_people_found_come_best_first_with_their_rank_in_pages(
    v1: TestClient, found: tuple[UUID, list[int]]
) -> None:
    campaign_id, people = found
    path = f"/v1/campaigns/{campaign_id}/results"
    listed = list(pages(v1, path))
    assert [(each["rank"], each["contact_id"]) for each in listed] == list(enumerate(people, 1))
    assert listed[0]["reasons"] == [{"points": 90, "criterion": "title", "text": "title Architect"}]
    assert [each["contact_id"] for each in pages(v1, path, min_score=60)] == people[:3]


def test_a_search_is_estimated_under_the_quota_and_a_greeting_by_when_it_is_done(
    v1: TestClient, database: Database, found: tuple[UUID, list[int]]
) -> None:
    search = v1.get(f"/v1/campaigns/{found[0]}/estimate").json()["search"]
    assert (search["pages"], search["people"], search["last_profile_at"] >= search["last_page_at"]) == (
        1, 10, True,
    )  # fmt: skip
    campaign_id, _ = a_plan(database, "other")
    assert v1.get(f"/v1/campaigns/{campaign_id}/estimate").json()["search"] is None
    unknown = v1.get(f"/v1/campaigns/{uuid4()}/estimate").json()
    assert unknown["type"] == "/problems/campaign-unknown"


def test_new_criteria_score_everybody_from_what_is_stored(
    v1_as: ClientAs, database: Database, found: tuple[UUID, list[int]]
) -> None:
    campaign_id, people = found
    client = v1_as("control")
    path = f"/v1/campaigns/{campaign_id}"
    answer = client.post(f"{path}/rescore", json={"criteria": {"keywords": ["Architect"]}})
    assert answer.json() | {"people": 6, "not_opened": 6} == answer.json()
    best = next(iter(pages(client, f"{path}/results")))
    assert (best["contact_id"], best["score"]) == (people[5], 100)
    assert client.get(path).json()["options"]["criteria"]["keywords"] == ["Architect"]
    nothing = client.post(f"{path}/rescore", json={"criteria": {}})
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "body.criteria")
    assert changes(database) == [("control-key", "campaign.rescore", str(campaign_id))]


def test_a_campaign_that_searches_for_nobody_has_no_results(v1: TestClient, database: Database) -> None:
    campaign_id, _ = a_plan(database)
    assert v1.get(f"/v1/campaigns/{campaign_id}/results").json()["type"] == "/problems/conflict"
    unknown = v1.get(f"/v1/campaigns/{uuid4()}/results").json()
    assert unknown["type"] == "/problems/campaign-unknown"


@pytest.mark.usefixtures("demo")
def test_a_required_criterion_named_twice_counts_once_and_the_document_allows_it(v1: TestClient) -> None:
    twice = {"criteria": {"title": "Architect", "required": ["title", "title"]}}
    saved = v1.put("/v1/searches/demo/architects", json=twice)
    assert saved.json()["criteria"]["required"] == ["title"], saved.text
    criteria = v1.get("/openapi.json").json()["components"]["schemas"]["Criteria"]
    assert "uniqueItems" not in criteria["properties"]["required"]
