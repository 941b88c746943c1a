"""Campaigns, the kill switch and pages over HTTP."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from db.engine import Database
from db.store import audit
from db.store.actions import events, lifecycle
from db.store.campaigns import campaigns
from db.tables import Campaign
from tests.builders import a_campaign, a_contact, add_planned, an_account
from tests.db.helpers import claim_action, queue_due_actions
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from worker.errors import Reason
from worker.rules.model import CampaignState


def a_plan(database: Database, name: str = "demo", people: int = 2) -> tuple[UUID, list[UUID]]:
    with database.transaction() as session:
        account = an_account(session, name)
        campaign_id = a_campaign(session, account)
        session.execute(
            update(Campaign).where(Campaign.id == campaign_id).values(state=CampaignState.PLANNED)
        )
        ids = [
            add_planned(session, account, a_contact(session, account, f"{name}-{n}"), campaign_id=campaign_id)
            for n in range(people)
        ]
    return campaign_id, ids


def due(database: Database) -> int:
    with database.transaction() as session:
        return len(queue_due_actions(session))


def test_pause_resume_cancel(client: TestClient, database: Database) -> None:
    campaign_id, ids = a_plan(database)
    url = f"/control/campaigns/{campaign_id}"
    assert client.post(f"{url}/pause").json() == {"id": str(campaign_id), "state": "paused", "dropped": 0}
    assert due(database) == 0
    shown = client.get(url).json()
    assert (shown["state"], shown["reason"]) == ("paused", "campaign_paused")
    assert client.post(f"{url}/resume").json()["state"] == "planned"
    assert client.get(url).json()["reason"] is None
    assert client.post(f"{url}/cancel").json() == {"id": str(campaign_id), "state": "cancelled", "dropped": 2}
    assert client.get(url).json()["actions"] == {"skipped": 2}
    with database.transaction() as session:
        last = events.list_events(session, ids[0])[-1]
    assert (last.reason, last.actor) == (Reason.CAMPAIGN_CANCELLED, "api")


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        (CampaignState.READING, {"pause", "resume"}),
        (CampaignState.PLANNED, {"resume"}),
        (CampaignState.PAUSED, {"pause"}),
        (CampaignState.CANCELLED, {"pause", "resume", "cancel"}),
        (CampaignState.FAILED, {"pause", "resume", "cancel"}),
    ],
)
def test_a_wrong_state_is_a_conflict_that_says_what_it_must_be(
    client: TestClient, database: Database, state: CampaignState, refused: set[str]
) -> None:
    for verb in ("pause", "resume", "cancel"):
        with database.transaction() as session:
            campaign_id = a_campaign(session, an_account(session))
            session.execute(update(Campaign).values(state=state, reason=Reason.UNEXPECTED))
        answer = client.post(f"/control/campaigns/{campaign_id}/{verb}")
        if verb in refused:
            assert f"the campaign is {state}: to {verb} it, it must be" in problem(answer, 409)
        else:
            assert answer.status_code == 200


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_an_unknown_campaign_is_not_found(client: TestClient, verb: str) -> None:
    assert problem(client.post(f"/control/campaigns/{uuid4()}/{verb}"), 404)


def test_a_campaign_is_shown_and_an_unknown_one_may_take_a_moment(
    client: TestClient, database: Database
) -> None:
    campaign_id, _ = a_plan(database)
    with database.transaction() as session:
        campaigns.mark_planned(session, campaign_id, preview=[{"contact": "Ann"}])
    shown = client.get(f"/control/campaigns/{campaign_id}").json()
    assert (shown["account"], shown["kind"], shown["actions"]) == ("demo", "birthday", {"planned": 2})
    assert shown["options"] == {"late_days": 3, "dry_run": False, "read_site": False}
    assert shown["preview"] == [{"contact": "Ann"}]
    assert "may take a moment" in problem(client.get(f"/control/campaigns/{uuid4()}"), 404)


def test_campaigns_come_in_pages_the_newest_first(client: TestClient, database: Database) -> None:
    made = [str(a_plan(database, name)[0]) for name in ("one", "two", "three")]
    first = client.get("/control/campaigns", params={"limit": 2}).json()
    assert [item["id"] for item in first["items"]] == made[:0:-1]
    assert first["items"][0]["actions"] == {"planned": 2}
    rest = client.get("/control/campaigns", params={"limit": 2, "before": first["next_before"]}).json()
    assert ([item["id"] for item in rest["items"]], rest["next_before"]) == (made[:1], None)
    only = client.get("/control/campaigns", params={"account": "two"}).json()["items"]
    assert [item["id"] for item in only] == [made[1]]


def test_the_kill_switch_stops_everything_and_lets_it_go_on(client: TestClient, database: Database) -> None:
    a_plan(database)
    assert client.get("/control/kill-switch").json() == {"on": False, "pulled_at": None, "pulled_by": None}
    pulled = client.post("/control/kill-switch", json={"on": True, "by": "ops"}).json()
    assert (pulled["on"], pulled["pulled_by"]) == (True, "api (for ops)")
    again = client.post("/control/kill-switch", json={"on": True}).json()
    assert again == pulled == client.get("/control/kill-switch").json()  # the first counts
    assert due(database) == 0
    for _ in range(2):
        assert client.post("/control/kill-switch", json={"on": False}).json()["on"] is False
    assert due(database) == 1
    with database.transaction() as session:
        told = [(each.by, each.change) for each in audit.list_changes(session)]
    pulls = [("api", "kill_switch.pull"), ("api (for ops)", "kill_switch.pull")]
    assert told == [("api", "kill_switch.release"), *pulls]


def test_actions_come_in_pages_with_state_reason_and_time(client: TestClient, database: Database) -> None:
    _, ids = a_plan(database, people=5)
    a_plan(database, "other", people=1)
    seen: list[str] = []
    before = None
    for _ in range(3):
        params = {"limit": 2, "account": "demo"} | ({"before": before} if before else {})
        page = client.get("/data/actions", params=params).json()
        seen += [item["id"] for item in page["items"]]
        before = page["next_before"]
    assert (len(seen), before) == (5, None)
    assert set(seen) == set(map(str, ids))
    everything = client.get("/data/actions").json()["items"]
    assert everything[0]["account"] == "other"
    assert len(everything) == 6
    assert (
        everything[0] | {"state": "planned", "reason": None, "message": "Hi!", "kind": "greet"}
        == everything[0]
    )


def test_actions_are_narrowed_by_state_and_a_lost_place_is_an_empty_page(
    client: TestClient, database: Database
) -> None:
    a_plan(database)
    with database.transaction() as session:
        (first,) = queue_due_actions(session)
    queued = client.get("/data/actions", params={"state": "queued"}).json()
    assert [item["id"] for item in queued["items"]] == [str(first)]
    lost = client.get("/data/actions", params={"before": str(uuid4())}).json()
    assert lost == {"items": [], "next_before": None}


def test_interactions_come_in_pages(client: TestClient, database: Database) -> None:
    _, ids = a_plan(database, people=3)
    for _ in ids:
        with database.transaction() as session:
            (action_id,) = queue_due_actions(session)
            claim = claim_action(session, action_id)
            lifecycle.write_intent(session, claim)
            lifecycle.record_effect(session, claim, status="sent", text=f"to {action_id}", screenshot=None)
    first = client.get("/data/interactions", params={"limit": 2, "account": "demo"}).json()
    rest = client.get("/data/interactions", params={"limit": 2, "before": first["next_before"]}).json()
    assert rest["next_before"] is None
    assert {item["message"] for item in first["items"] + rest["items"]} == {f"to {i}" for i in ids}
    assert client.get("/data/interactions", params={"account": "other"}).json()["items"] == []
