"""Proposals over HTTP: the list, and each decision with its refusals."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from db.engine import Database
from db.store import audit
from db.store.actions import events
from tests.builders import SANDBOX, a_campaign, a_contact, action, add_proposed, an_account, contact_by_slug
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from worker.rules.messages.approval import approval_hash

STALE = "0" * 64


def some_wait(database: Database, people: int = 1, name: str = "demo") -> tuple[UUID, list[UUID]]:
    with database.transaction() as session:
        account = an_account(session, name)
        campaign_id = a_campaign(session, account)
        return campaign_id, [
            add_proposed(
                session, account, a_contact(session, account, f"{name}-{n}"), campaign_id=campaign_id
            )
            for n in range(people)
        ]


def listed(client: TestClient, **params: object) -> list[dict[str, object]]:
    items: list[dict[str, object]] = client.get("/control/proposals", params=params).json()["items"]
    return items


def state(database: Database, action_id: UUID) -> tuple[str, str | None, str | None]:
    with database.transaction() as session:
        row = action(session, action_id)
        return row.state, row.reason, row.approved_by


def test_proposals_come_in_pages_with_what_a_person_should_know(
    client: TestClient, database: Database
) -> None:
    campaign_id, ids = some_wait(database, people=3)
    _, (other,) = some_wait(database, name="other")
    first = client.get("/control/proposals", params={"limit": 2, "account": "demo"}).json()
    rest = client.get(
        "/control/proposals", params={"limit": 2, "account": "demo", "after": first["next_after"]}
    ).json()
    assert rest["next_after"] is None
    assert {item["id"] for item in first["items"] + rest["items"]} == set(map(str, ids))
    assert [item["id"] for item in listed(client, account="other")] == [str(other)]
    assert len(listed(client, campaign=campaign_id)) == 3
    (item,) = listed(client, account="other")
    expected = {
        "account": "other", "contact": "Other-0", "profile_url": f"{SANDBOX}other-0/", "kind": "greet",
        "days_late": 0, "message": "Hi!", "last_contact": None, "past_texts": [], "do_not_contact": False,
        "seen": approval_hash(f"{SANDBOX}other-0/", "Hi!"),
    }  # fmt: skip
    assert item | expected == item


def test_what_was_seen_is_approved_and_who_did_it_is_kept(client: TestClient, database: Database) -> None:
    _, (one, two) = some_wait(database, people=2)
    seen = {item["id"]: item["seen"] for item in listed(client)}
    answer = client.post(f"/control/actions/{one}/approve", json={"seen": seen[str(one)], "by": "Ann"})
    assert answer.json() == {"id": str(one), "state": "planned", "reason": None}
    assert state(database, one) == ("planned", None, "api (for Ann)")
    client.post(f"/control/actions/{two}/approve", json={"seen": seen[str(two)]})
    assert state(database, two) == ("planned", None, "api")
    with database.transaction() as session:
        assert events.list_events(session, one)[-1].actor == "api (for Ann)"
        told = [(each.by, each.change, each.about) for each in audit.list_changes(session)]
    assert told == [("api", "proposal.approved", str(two)), ("api (for Ann)", "proposal.approved", str(one))]


def test_a_text_of_ones_own_is_approved_with_it(client: TestClient, database: Database) -> None:
    _, (action_id,) = some_wait(database)
    seen = listed(client)[0]["seen"]
    url = f"/control/actions/{action_id}/edit"
    for wrong, says in (
        ("\x07", "control character"),
        (" ", "is empty"),
        ("x" * 601, "at most 600"),
        ("Hi [Name]", "has [Name]"),
    ):
        assert says in problem(client.post(url, json={"seen": seen, "message": wrong}), 422)
    assert client.post(url, json={"seen": seen, "message": " Mine "}).json()["state"] == "planned"
    with database.transaction() as session:
        row = action(session, action_id)
        assert (row.message, row.approval) == ("Mine", approval_hash(f"{SANDBOX}demo-0/", "Mine"))


def test_a_field_that_nothing_filled_in_is_not_approved_but_may_be_edited(
    client: TestClient, database: Database
) -> None:
    _, (action_id,) = some_wait(database)
    with database.transaction() as session:
        action(session, action_id).message = "Hi {first_name}!"  # planned by an earlier version
    seen = listed(client)[0]["seen"]
    answer = client.post(f"/control/actions/{action_id}/approve", json={"seen": seen})
    assert "a field that nothing filled in" in problem(answer, 409)
    assert state(database, action_id)[0] == "proposed"
    answer = client.post(f"/control/actions/{action_id}/edit", json={"seen": seen, "message": "Hi Ann!"})
    assert answer.json()["state"] == "planned"


def test_dropped_and_never_again(client: TestClient, database: Database) -> None:
    _, (one, two) = some_wait(database, people=2)
    assert client.post(f"/control/actions/{one}/drop", json={}).json() == {
        "id": str(one), "state": "skipped", "reason": "dropped_by_hand",
    }  # fmt: skip
    assert client.post(f"/control/actions/{two}/never", json={"by": "Ann"}).json()["reason"] == (
        "do_not_contact"
    )
    with database.transaction() as session:
        account = an_account(session)
        assert not contact_by_slug(session, account, "demo-0").do_not_contact
        assert contact_by_slug(session, account, "demo-1").do_not_contact


BODIES = {"approve": {"seen": STALE}, "edit": {"seen": STALE, "message": "Hi"}, "drop": {}, "never": {}}


@pytest.mark.parametrize("verb", BODIES)
def test_an_unknown_action_is_not_found(client: TestClient, verb: str) -> None:
    answer = client.post(f"/control/actions/{uuid4()}/{verb}", json=BODIES[verb])
    assert "no such action" in problem(answer, 404)


@pytest.mark.parametrize("verb", ["approve", "edit"])
def test_what_has_changed_since_is_a_conflict(client: TestClient, database: Database, verb: str) -> None:
    _, (action_id,) = some_wait(database)
    answer = client.post(f"/control/actions/{action_id}/{verb}", json=BODIES[verb])
    assert "look at it again" in problem(answer, 409)
    assert state(database, action_id) == ("proposed", "awaiting_approval", None)


@pytest.mark.parametrize("verb", ["approve", "edit", "drop"])
def test_what_was_decided_is_a_conflict_that_says_by_whom(
    client: TestClient, database: Database, verb: str
) -> None:
    _, (action_id,) = some_wait(database)
    client.post(f"/control/actions/{action_id}/drop", json={"by": "Ann"})
    answer = client.post(f"/control/actions/{action_id}/{verb}", json=BODIES[verb])
    assert "it is already skipped (dropped_by_hand, by api (for Ann))" in problem(answer, 409)


@pytest.mark.parametrize(
    ("verb", "body", "says"),
    [
        ("approve", {}, "body.seen: Field required"),
        ("approve", {"seen": "me"}, "body.seen"),
        ("approve", {"seen": STALE, "by": "a\nb"}, "body.by"),
        ("approve", {"seen": STALE, "by": "a\x9bb"}, "body.by"),
        ("drop", {"by": "a\N{RIGHT-TO-LEFT OVERRIDE}b"}, "body.by"),
        ("never", {"by": " "}, "body.by"),
        ("edit", {"seen": STALE, "message": "Hi {{ first_name }}"}, "has {{ first_name }} at character 4"),
        ("edit", {"seen": STALE, "message": "Hi\N{RIGHT-TO-LEFT OVERRIDE}"}, "RIGHT-TO-LEFT OVERRIDE"),
        ("edit", {"seen": STALE, "message": "\N{ZERO WIDTH JOINER}"}, "it has no visible character"),
        ("drop", {"message": "x"}, "body.message: Extra inputs"),
    ],
)
def test_wrong_fields_are_named(client: TestClient, verb: str, body: dict[str, str], says: str) -> None:
    assert says in problem(client.post(f"/control/actions/{uuid4()}/{verb}", json=body), 422)


def test_of_a_campaign_those_are_approved_that_were_seen(client: TestClient, database: Database) -> None:
    campaign_id, (one, two, three) = some_wait(database, people=3)
    seen = {item["id"]: item["seen"] for item in listed(client) if item["id"] != str(three)}
    with database.transaction() as session:
        session.execute(text("update actions set message = 'Hello!' where id = :id"), {"id": two})
    url = f"/control/campaigns/{campaign_id}/approve"
    told = client.post(url, json={"seen": seen, "by": "Ann"}).json()
    assert told["approved"] == [str(one)]
    assert list(told["refused"]) == [str(two)]
    assert "look at it again" in told["refused"][str(two)]
    assert [state(database, action_id)[0] for action_id in (one, two, three)] == [
        "planned", "proposed", "proposed",
    ]  # fmt: skip
    assert problem(client.post(url, json={"seen": {}}), 422)
    missing = client.post(f"/control/campaigns/{uuid4()}/approve", json={"seen": seen})
    assert "no such campaign" in problem(missing, 404)


def test_nobody_decides_without_the_key(client: TestClient) -> None:
    client.headers.pop("X-API-Key")
    assert problem(client.get("/control/proposals"), 401)
    for verb, body in BODIES.items():
        assert problem(client.post(f"/control/actions/{uuid4()}/{verb}", json=body), 401)
