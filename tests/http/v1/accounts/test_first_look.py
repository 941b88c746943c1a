"""The first message of an account of a real site, below /v1: which one, and passing it over."""

from uuid import uuid4

import pytest

from db.engine import Database
from db.store import audit
from tests.builders import an_account, needing_checks, prove_site
from tests.db.actions.test_site_gate import claimed, sent
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.conftest import ClientAs

PATH = "/v1/accounts/demo/first-look"


def test_the_message_to_look_at_is_shown_and_passed_over_once(
    v1: TestClient, v1_as: ClientAs, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    needing_checks(monkeypatch, "sandbox")
    approver = v1_as("approve")
    with database.transaction() as session:
        account = an_account(session)
        prove_site(session, account.id, seen_live=False)
        first = sent(session, account, "ann")
    message = {"action_id": str(first.action_id), "contact": "Ann", "state": "done"}
    assert v1.get(PATH).json() == {"needed": True, "seen_live": False, "message": message}
    given = {"action_id": str(first.action_id)}
    assert v1_as("control").post(f"{PATH}/pass-over", json=given).status_code == 403
    other = approver.post(f"{PATH}/pass-over", json={"action_id": str(uuid4())})
    assert "not the message" in problem(other, 409)
    assert approver.post(f"{PATH}/pass-over", json=given).json() == {
        "needed": True, "seen_live": False, "message": None,
    }  # fmt: skip
    assert approver.post(f"{PATH}/pass-over", json=given).status_code == 409
    with database.transaction() as session:
        told = [(each.by, each.change, each.about) for each in audit.list_changes(session)]
        claimed(session, account, "bob")  # is the next one, and goes out
    assert told == [("approve-key", "account.pass-over", "demo")]
