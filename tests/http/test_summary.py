"""A day's summary over HTTP, and replies in other routes."""

from sqlalchemy import update

from db.engine import Database
from db.store.actions import lifecycle
from db.tables import Interaction
from tests.builders import a_contact, add_planned, an_account, database_now
from tests.db.helpers import claim_action, queue_due_actions
from tests.http.conftest import TestClient


def test_a_day_is_told_in_numbers(client: TestClient, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, a_contact(session, account, "ann"))
        (sent,) = queue_due_actions(session)
        claim = claim_action(session, sent)
        lifecycle.write_intent(session, claim)
        lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
        session.flush()
        today = database_now(session).date()
        session.execute(update(Interaction).values(replied_at=database_now(session), reply="Thanks"))
    told = client.get("/data/summary", params={"account": "demo"}).json()
    assert told["on"] == str(today)
    assert told["happened"] == {
        "sent": 1, "late": 0, "replies": 1, "settled_by_hand": 0, "skipped": {}, "failed": {},
        "visits": 0, "pages": 0, "withdrawn": 0,
    }  # fmt: skip
    assert (told["greeted"], told["answered"], told["reply_share"]) == (1, 1, 1.0)
    assert told["open"]["due"] == 0
    assert told["quota"]["used_day"] == 1
    (interaction,) = client.get("/data/interactions").json()["items"]
    assert interaction["reply"] == "Thanks"
    (action,) = client.get("/data/actions").json()["items"]
    assert action["replied_at"] == interaction["replied_at"] is not None


def test_a_day_long_ago_has_nothing_open_and_one_to_come_is_refused(
    client: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        an_account(session)
    told = client.get("/data/summary", params={"account": "demo", "on": "2020-01-01"}).json()
    assert (told["open"], told["reply_share"], told["happened"]["sent"]) == (None, None, 0)
    refused = client.get("/data/summary", params={"account": "demo", "on": "2999-01-01"})
    assert refused.status_code == 422
    assert "in the future" in refused.json()["detail"]
    assert client.get("/data/summary", params={"account": "nobody"}).status_code == 404
