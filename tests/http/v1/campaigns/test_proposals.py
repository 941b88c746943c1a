"""Proposals below /v1: the list, each decision bound to what was seen, and taking it back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.engine import Database
from db.store import audit
from tests.builders import database_now
from tests.http.conftest import TestClient
from tests.http.test_approval import STALE, some_wait, state
from tests.http.v1.campaigns.test_campaigns import ids
from tests.http.v1.conftest import ClientAs

DECISIONS = {
    "approve": ("planned", None),
    "edit": ("planned", None),
    "drop": ("skipped", "dropped_by_hand"),
    "never": ("skipped", "do_not_contact"),
    "hold": ("proposed", "awaiting_approval"),
}


def body_of(database: Database, verb: str, seen: object) -> dict[str, Any]:
    with database.transaction() as session:
        later = (database_now(session) + timedelta(days=9)).date()
    extra = {"edit": {"message": "Hello!"}, "hold": {"until": later.isoformat()}}
    return {"seen": seen, **extra.get(verb, {})}


def test_proposals_are_listed_by_each_filter_and_shown_one_by_one(v1: TestClient, database: Database) -> None:
    campaign_id, mine = some_wait(database, people=3)
    other_campaign, (other,) = some_wait(database, name="other")
    everything = ids(v1, "/v1/proposals")
    assert set(everything) == {*map(str, mine), str(other)}
    assert ids(v1, "/v1/proposals", account="other") == [str(other)]
    assert set(ids(v1, "/v1/proposals", campaign=campaign_id)) == set(map(str, mine))
    shown = v1.get(f"/v1/proposals/{other}").json()
    assert (shown["campaign_id"], shown["message"]) == (str(other_campaign), "Hi!")
    assert ids(v1, "/v1/proposals", contact=shown["contact_id"]) == [str(other)]
    unknown = v1.get(f"/v1/proposals/{uuid4()}")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/action-unknown")


def test_as_many_proposals_are_approved_at_once_as_the_schema_says(v1: TestClient) -> None:
    seen = {str(uuid4()): STALE for _ in range(1000)}
    assert v1.post("/v1/proposals/approve", json={"seen": seen}).status_code == 200


@pytest.mark.parametrize("verb", DECISIONS)
def test_a_decision_is_bound_to_what_was_seen_recorded_and_can_be_taken_back(
    v1_as: ClientAs, database: Database, verb: str
) -> None:
    _, (action_id,) = some_wait(database)
    client = v1_as("approve")
    path = f"/v1/proposals/{action_id}"
    seen = client.get(path).json()["seen"]
    stale = client.post(f"{path}/{verb}", json=body_of(database, verb, STALE))
    assert (stale.status_code, stale.json()["type"]) == (409, "/problems/proposal-changed")
    assert state(database, action_id)[0] == "proposed"
    decided = client.post(f"{path}/{verb}", json=body_of(database, verb, seen)).json()
    assert decided["state"] == DECISIONS[verb][0]
    assert state(database, action_id)[:2] == DECISIONS[verb]
    undo = f"/v1/decisions/{decided['decision_id']}/undo"
    other = v1_as("admin").post(undo)
    assert (other.status_code, other.json()["type"]) == (404, "/problems/decision-unknown")
    assert client.post(undo).json() == {"outcomes": {str(action_id): "done"}}
    assert state(database, action_id)[0] == "proposed"
    with database.transaction() as session:
        assert {each.by for each in audit.list_changes(session)} == {"approve-key"}


def test_what_is_decided_already_says_so(v1: TestClient, database: Database) -> None:
    _, (action_id,) = some_wait(database)
    seen = v1.get(f"/v1/proposals/{action_id}").json()["seen"]
    v1.post(f"/v1/proposals/{action_id}/drop", json={"seen": seen})
    for answer in (
        v1.get(f"/v1/proposals/{action_id}"),
        v1.post(f"/v1/proposals/{action_id}/approve", json={"seen": seen}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/proposal-decided")


def test_a_hold_that_is_over_already_and_a_text_with_a_field_name_their_field(
    v1: TestClient, database: Database
) -> None:
    _, (action_id,) = some_wait(database)
    seen = v1.get(f"/v1/proposals/{action_id}").json()["seen"]
    over = v1.post(f"/v1/proposals/{action_id}/hold", json={"seen": seen, "until": "2020-01-01"})
    field = v1.post(f"/v1/proposals/{action_id}/edit", json={"seen": seen, "message": "Hi {{ first_name }}!"})
    for answer, name in ((over, "body.until"), (field, "body.message")):
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [name])
    assert state(database, action_id)[0] == "proposed"


def test_many_are_approved_by_their_hashes_and_taken_back_together(
    v1: TestClient, database: Database
) -> None:
    _, mine = some_wait(database, people=3)
    listed = v1.get("/v1/proposals").json()["items"]
    seen = {each["id"]: each["seen"] for each in listed}
    changed = str(mine[0])
    with database.transaction() as session:
        session.execute(text("update actions set message = 'Hello!' where id = :id"), {"id": changed})
    made = v1.post("/v1/proposals/approve", json={"seen": seen}).json()
    assert set(made["approved"]) == set(seen) - {changed}
    assert "changed since it was shown" in made["refused"][changed]
    undone = v1.post(f"/v1/decisions/{made['decision_id']}/undo").json()["outcomes"]
    assert undone == dict.fromkeys(made["approved"], "done")
    assert set(ids(v1, "/v1/proposals")) == set(seen)
