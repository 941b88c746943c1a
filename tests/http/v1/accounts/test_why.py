"""Why something happens or not, below /v1: the gates and the next step of the command line."""

from uuid import uuid4

from db.engine import Database
from db.store.people import accounts
from tests.builders import a_contact, add_planned, an_account
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.conftest import ClientAs


def test_the_gates_of_an_account_a_person_and_an_action(
    v1: TestClient, v1_as: ClientAs, database: Database
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        accounts.save_session(session, account.id, b"sealed")
        contact = a_contact(session, account, "ann")
        action_id, contact_id = add_planned(session, account, contact), contact.id
    client = v1_as("read")
    of_account, of_person, of_action = (
        client.get(f"/v1/{path}/why").json()
        for path in ("accounts/demo", f"contacts/{contact_id}", f"actions/{action_id}")
    )
    gates = {gate["name"]: gate["open"] for gate in of_account["gates"]}
    assert (gates["workers"], gates["kill switch"], gates["greet, day"]) == (False, True, True)
    assert gates["sign-in"] is False  # this process has a key that doesn't decrypt the session
    assert (of_account["account"], of_account["quota_source"]) == ("demo", "ledger")
    assert "sign in" in of_account["next_step"]["what"]
    assert (of_account["contact"], of_account["action_id"]) == (None, None)
    assert of_person["contact"] == of_action["contact"] == "Ann"
    assert of_person["action_id"] == of_action["action_id"] == str(action_id)
    assert "do-not-contact" in {gate["name"] for gate in of_person["gates"]}
    assert of_action["action_state"] == "planned"


def test_what_there_is_not_is_a_problem_of_its_own_type(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    near = v1.get("/v1/accounts/dem/why")
    assert problem(near, 404).endswith("did you mean demo?")
    found = [near, v1.get("/v1/contacts/77/why"), v1.get(f"/v1/actions/{uuid4()}/why")]
    assert [each.json()["type"].removeprefix("/problems/") for each in found] == [
        "account-unknown", "contact-unknown", "action-unknown",
    ]  # fmt: skip
