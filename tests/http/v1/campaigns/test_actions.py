"""Actions and interactions below /v1: lists with filters, one action with its history, settling by hand."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from db.engine import Database
from db.store import audit
from db.tables import Action, Contact, Interaction
from tests.builders import LONG_AGO, SANDBOX, a_campaign, a_contact, add_planned, an_account
from tests.cli.test_settle import for_review
from tests.http.conftest import TestClient
from tests.http.v1.campaigns.test_campaigns import ids, pages
from tests.http.v1.conftest import ClientAs
from worker.rules.model import Kind
from worker.rules.screenshot_names import screenshot_name, trace_name


class Past(NamedTuple):
    """What the accounts `one` and `two` planned, newest first, a day apart; each for another person."""

    actions: list[str]
    campaigns: list[str]
    contacts: list[int]


OWNERS = ("one", "two", "two", "one", "one")


@pytest.fixture
def past(database: Database) -> Past:
    actions, campaigns, contacts = [], [], []
    with database.transaction() as session:
        accounts = {name: an_account(session, name) for name in ("one", "two")}
        for age, name in enumerate(OWNERS):
            person = a_contact(session, accounts[name], f"person-{age}")
            campaign_id = a_campaign(session, accounts[name])
            action_id = add_planned(session, accounts[name], person, campaign_id=campaign_id)
            values = {"created_at": LONG_AGO - timedelta(days=age), "not_before": LONG_AGO, "reason": "gap"}
            session.execute(update(Action).where(Action.id == action_id).values(values))
            actions.append(str(action_id))
            campaigns.append(str(campaign_id))
            contacts.append(person.id)
    return Past(actions, campaigns, contacts)


def days(first: int, last: int) -> dict[str, str]:
    """Return the filters by time that what is `first` to `last` - 1 days old meets."""
    since, until = LONG_AGO - timedelta(days=last - 1), LONG_AGO - timedelta(days=first - 1)
    return {"since": since.isoformat(), "until": until.isoformat()}


def check_filters(client: TestClient, path: str, of_kind: str, past: Past, listed: list[str]) -> None:
    assert ids(client, path) == listed
    assert ids(client, path, account="two") == listed[1:3]
    assert ids(client, path, contact=past.contacts[3]) == [listed[3]]
    assert ids(client, path, campaign=past.campaigns[4]) == [listed[4]]
    assert ids(client, path, **{of_kind: "greet"}) == listed
    assert ids(client, path, **{of_kind: "withdraw"}) == []
    assert ids(client, path, **days(1, 3)) == listed[1:3]
    assert ids(client, path, account="one", **days(1, 5)) == listed[3:5]
    unknown = client.get(path, params={"account": "none"})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/account-unknown")


def test_actions_are_listed_newest_first_by_each_filter(
    v1: TestClient, database: Database, past: Past
) -> None:
    check_filters(v1, "/v1/actions", "kind", past, past.actions)
    assert ids(v1, "/v1/actions", state="planned") == past.actions
    assert ids(v1, "/v1/actions", state="failed") == []


def test_a_list_goes_on_when_its_last_row_is_gone_meanwhile(
    v1: TestClient, database: Database, past: Past
) -> None:
    first = v1.get("/v1/actions", params={"limit": 2}).json()
    with database.transaction() as session:
        session.delete(session.get_one(Contact, past.contacts[1]))
    rest = v1.get("/v1/actions", params={"limit": 2, "cursor": first["next"]}).json()
    assert [item["id"] for item in rest["items"]] == past.actions[2:4]


def test_interactions_are_listed_by_when_they_happened_by_each_filter(
    v1: TestClient, database: Database, past: Past
) -> None:
    with database.transaction() as session:
        found = []
        for age in reversed(range(5)):  # the last recorded is the oldest, as with an import
            action = session.get_one(Action, UUID(past.actions[4 - age]))
            row = Interaction(
                account_id=action.account_id, contact_id=action.contact_id, action_id=action.id,
                type=Kind.GREET, status="sent", occasion=action.occasion, message="Hi!", correlation_id="x",
                created_at=action.created_at,
            )  # fmt: skip
            session.add(row)
            session.flush()
            found.append(str(row.id))
    check_filters(v1, "/v1/interactions", "type", past, found)
    (item, *_) = v1.get("/v1/interactions").json()["items"]
    assert (item["message"], item["contact_id"], item["action_id"]) == (
        "Hi!", past.contacts[0], past.actions[0],
    )  # fmt: skip


def test_an_action_is_shown_with_its_history_in_pages(v1: TestClient, database: Database) -> None:
    action_id, campaign_id = for_review(database)
    shown = v1.get(f"/v1/actions/{action_id}").json()
    assert (shown["state"], shown["campaign_id"], shown["sent"]) == ("needs_review", str(campaign_id), None)
    history = list(pages(v1, f"/v1/actions/{action_id}/events"))
    assert [event["to_state"] for event in history] == [
        "planned", "queued", "claimed", "acting", "uncertain", "needs_review",
    ]  # fmt: skip
    assert [event["from_state"] for event in history[1:]] == [event["to_state"] for event in history[:-1]]


def test_an_action_says_why_it_waits(v1: TestClient, past: Past) -> None:
    said = v1.get(f"/v1/actions/{past.actions[1]}/why").json()
    assert (said["action_id"], said["account"], said["contact"]) == (past.actions[1], "two", "Person-1")
    assert {gate["name"] for gate in said["gates"] if not gate["open"]} >= {"workers", "sign-in"}


@pytest.fixture
def evidence_dir(v1: TestClient, tmp_path: Path) -> Iterator[Path]:
    """A folder for the application's evidence."""
    app = v1.app
    assert isinstance(app, FastAPI)
    state = app.state
    held = state.settings
    state.settings = held.model_copy(update={"evidence_dir": tmp_path})
    yield tmp_path
    state.settings = held


def test_the_names_of_an_actions_files_are_listed(
    v1: TestClient, database: Database, evidence_dir: Path
) -> None:
    action_id, _ = for_review(database)
    with database.transaction() as session:
        account_id = session.get_one(Action, action_id).account_id
    names = [make(account_id, f"{SANDBOX}p0/", Kind.GREET, 1) for make in (screenshot_name, trace_name)]
    folder = evidence_dir / "2026-11-02"
    folder.mkdir()
    for name in (*names, screenshot_name(account_id, f"{SANDBOX}p1/", Kind.GREET, 1)):
        (folder / name).touch()
    assert v1.get(f"/v1/actions/{action_id}/evidence").json() == {
        "screenshots": [{"day": "2026-11-02", "name": names[0]}],
        "traces": [{"day": "2026-11-02", "name": names[1]}],
        "is_gone": False,
    }


@pytest.mark.parametrize(("verdict", "state"), [("done", "done"), ("again", "planned"), ("skip", "skipped")])
def test_a_person_settles_an_action_once_under_the_keys_name(
    v1_as: ClientAs, database: Database, verdict: str, state: str
) -> None:
    action_id, _ = for_review(database)
    client = v1_as("approve")
    settled = client.post(f"/v1/actions/{action_id}/settle", json={"verdict": verdict})
    assert (settled.status_code, settled.json()["state"]) == (200, state)
    again = client.post(f"/v1/actions/{action_id}/settle", json={"verdict": "skip"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/conflict")
    assert client.get(f"/v1/actions/{action_id}").json()["state"] == state
    with database.transaction() as session:
        made = audit.list_changes(session)
    assert [(each.by, each.change) for each in made] == [("approve-key", f"action.settle-{verdict}")]


@pytest.mark.parametrize("path", ["", "/events", "/evidence", "/why"])
def test_an_unknown_action_is_not_found(v1: TestClient, path: str) -> None:
    unknown = v1.get(f"/v1/actions/{uuid4()}{path}")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/action-unknown")
