"""Campaigns below /v1: started once, shown before a worker takes them up, listed with filters, changed."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from db.engine import Database
from db.store import audit
from db.store.campaigns import campaigns
from db.tables import Campaign
from tests.builders import LONG_AGO, a_campaign, an_account
from tests.http.conftest import TestClient
from tests.http.test_campaigns import a_plan
from tests.http.v1.conftest import ClientAs


def pages(client: TestClient, path: str, **params: object) -> Iterator[Mapping[str, Any]]:
    """Yield the items of a whole list, read in pages of two."""
    cursor = None
    while True:
        given = {**params, "limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = client.get(path, params=given)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def ids(client: TestClient, path: str, **params: object) -> list[str]:
    return [str(item["id"]) for item in pages(client, path, **params)]


STARTS: Mapping[str, dict[str, Any]] = {
    "birthday": {"approval": True},
    "visitor": {"not_seen_months": 6},
    "sourcing": {"criteria": {"title": "Architect"}},
    "invitations": {"older_than_days": 60},
}


@pytest.mark.parametrize("kind", STARTS)
def test_each_kind_is_requested_once_and_shown_at_once(v1: TestClient, database: Database, kind: str) -> None:
    with database.transaction() as session:
        an_account(session)
    campaign_id = str(uuid4())
    body = {"kind": kind, "account": "demo", "campaign_id": campaign_id, "options": STARTS[kind]}
    for _ in range(2):
        started = v1.post("/v1/campaigns", json=body)
        assert (started.status_code, started.json()["campaign_id"]) == (202, campaign_id)
        shown = v1.get(started.headers["Location"]).json()
        assert (shown["state"], shown["kind"], shown["account"]) == ("requested", kind, "demo")
        assert shown["options"] | STARTS[kind] == shown["options"] or kind == "sourcing"
    other = v1.post("/v1/campaigns", json={**body, "options": {**STARTS[kind], "dry_run": True}})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/conflict")
    with database.transaction() as session:
        made = audit.list_changes(session, about=campaign_id)
    assert [(each.by, each.change) for each in made] == [("api", "campaign.start")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "birthday", "options": {"late_days": 11}}, "body.options.late_days"),
        ({"kind": "visitor", "options": {"profiles": ["https://x.test/"]}}, "body.options.profiles.0"),
        ({"kind": "other"}, "body.kind"),
        ({"kind": None}, "body.kind"),
        ({}, "body.kind"),
        ({"kind": "birthday", "dry_run": True}, "body.dry_run"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_requested(
    v1: TestClient, database: Database, body: Mapping[str, Any], field: str
) -> None:
    with database.transaction() as session:
        an_account(session)
    refused = v1.post("/v1/campaigns", json={"account": "demo", **body})
    assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, [field])
    with database.transaction() as session:
        assert session.scalar(text("select count(*) from campaign_requests")) == 0


def test_an_unknown_account_or_saved_search_starts_nothing(v1: TestClient, database: Database) -> None:
    unknown = v1.post("/v1/campaigns", json={"kind": "birthday", "account": "demo"})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/account-unknown")
    with database.transaction() as session:
        an_account(session)
    body = {"kind": "sourcing", "account": "demo", "options": {"saved_search": "none"}}
    assert v1.post("/v1/campaigns", json=body).json()["type"] == "/problems/search-unknown"


def test_a_dry_runs_preview_comes_in_pages_and_not_with_the_campaign(
    v1: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        campaign_id = a_campaign(session, an_account(session))
        lines = [
            {"contact": f"Ann {n}", "on": "2026-11-02", "when": "", "left_out": "no_name"} for n in range(5)
        ]
        campaigns.mark_planned(session, campaign_id, preview=lines)
    shown = v1.get(f"/v1/campaigns/{campaign_id}").json()
    assert (shown["preview_lines"], "preview" in shown) == (5, False)
    found = list(pages(v1, f"/v1/campaigns/{campaign_id}/preview"))
    assert [(line["contact"], line["when"], line["left_out"]) for line in found] == [
        (f"Ann {n}", None, "no_name") for n in range(5)
    ]


def test_a_campaign_without_a_dry_run_has_an_empty_preview(v1: TestClient, database: Database) -> None:
    campaign_id, _ = a_plan(database)
    with database.transaction() as session:
        campaigns.mark_planned(session, campaign_id)  # as a worker does: stores a null of JSON
    assert v1.get(f"/v1/campaigns/{campaign_id}").json()["preview_lines"] == 0
    assert v1.get(f"/v1/campaigns/{campaign_id}/preview").json() == {"items": [], "next": None}


def test_campaigns_are_listed_newest_first_by_account_kind_state_and_time(
    v1: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        one, two = an_account(session, "one"), an_account(session, "two")
        made = [a_campaign(session, each) for each in (one, one, two, two, one)]
        for age, campaign_id in enumerate(made):
            values = {"created_at": LONG_AGO + timedelta(days=age)}
            session.execute(update(Campaign).where(Campaign.id == campaign_id).values(values))
        session.execute(update(Campaign).where(Campaign.id == made[1]).values(state="paused", kind="visitor"))
        campaigns.mark_planned(session, made[4], preview=[{"contact": "Ann"}])
    newest = [str(each) for each in reversed(made)]
    assert ids(v1, "/v1/campaigns") == newest
    assert ids(v1, "/v1/campaigns", account="one") == [newest[0], newest[3], newest[4]]
    assert ids(v1, "/v1/campaigns", kind="visitor") == ids(v1, "/v1/campaigns", state="paused") == [newest[3]]
    days = [(LONG_AGO + timedelta(days=day)).isoformat() for day in (1, 3)]
    assert ids(v1, "/v1/campaigns", since=days[0], until=days[1]) == newest[2:4]
    assert v1.get("/v1/campaigns", params={"account": "none"}).status_code == 404


def test_pause_resume_and_cancel_are_recorded_under_the_keys_name(
    v1_as: ClientAs, database: Database
) -> None:
    campaign_id, _ = a_plan(database)
    client = v1_as("control")
    for verb, state in (("pause", "paused"), ("resume", "planned"), ("cancel", "cancelled")):
        changed = client.post(f"/v1/campaigns/{campaign_id}/{verb}").json()
        assert (changed["state"], changed["dropped"]) == (state, 2 if verb == "cancel" else 0)
    refused = client.post(f"/v1/campaigns/{campaign_id}/resume")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    with database.transaction() as session:
        made = audit.list_changes(session, about=str(campaign_id))
    assert [(each.by, each.change) for each in reversed(made)] == [
        ("control-key", f"campaign.{verb}") for verb in ("pause", "resume", "cancel")
    ]
    shown = client.get(f"/v1/campaigns/{campaign_id}/summary").json()
    assert (shown["progress"], shown["happened"]["skipped"]) == ("cancelled", {"campaign_cancelled": 2})


@pytest.mark.parametrize("path", ["", "/summary", "/preview"])
def test_an_unknown_campaign_is_not_found(v1: TestClient, path: str) -> None:
    unknown = v1.get(f"/v1/campaigns/{uuid4()}{path}")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/campaign-unknown")
