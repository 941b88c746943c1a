"""Erase people below `/v1`, what is past its retention, and the birthdays of the coming days."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from db.engine import Database
from db.store import audit
from db.store.people import accounts
from tests.builders import SANDBOX, a_contact, an_account, database_now
from tests.http.conftest import TestClient
from tests.http.v1.conftest import ClientAs
from worker.rules.model import ContactStatus, Kind
from worker.rules.screenshot_names import screenshot_name


@pytest.fixture
def people(database: Database) -> dict[str, int]:
    """Ann, whom two accounts know, and Bob."""
    with database.transaction() as session:
        demo, other = an_account(session), an_account(session, "other")
        return {
            "ann": a_contact(session, demo, "ann").id,
            "ann@other": a_contact(session, other, "ann").id,
            "bob": a_contact(session, demo, "bob").id,
        }


def evidence_of(client: TestClient) -> Path:
    app: Any = client.app
    folder: Path = app.state.settings.evidence_dir
    return folder


def test_a_person_is_erased_only_by_their_own_address(
    v1: TestClient, v1_as: ClientAs, people: dict[str, int], database: Database
) -> None:
    with database.transaction() as session:
        owner = accounts.find_account(session, "demo")
    assert owner is not None
    picture = evidence_of(v1) / "2026-01-02" / screenshot_name(owner.id, f"{SANDBOX}ann/", Kind.GREET, 1)
    picture.parent.mkdir(parents=True)
    picture.touch()
    path, ann = f"/v1/contacts/{people['ann']}/forget", f"{SANDBOX}ann/"
    for wrong in ({}, {"confirm": "yes"}, {"confirm": f"{SANDBOX}bob/"}):
        answer = v1.post(path, json=wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.confirm")
    assert v1_as("control", "approve").post(path, json={"confirm": ann}).status_code == 403
    assert picture.exists()
    erased = v1.post(path, json={"confirm": ann}).json()
    assert (erased["new"], erased["contacts"], erased["pictures"]) == (True, 2, 1)
    assert not picture.exists()
    assert [v1.get(f"/v1/contacts/{people[each]}").status_code for each in ("ann", "ann@other", "bob")] == [
        404, 404, 200,
    ]  # fmt: skip
    with database.transaction() as session:
        made = audit.list_changes(session)
    assert [(each.change, each.about, each.by) for each in made] == [
        ("contact.forget", f"contact:{people['ann']}", "api")
    ]


def test_somebody_who_is_not_stored_is_never_collected_until_allowed(v1: TestClient) -> None:
    body = {"profile_url": f"{SANDBOX}eve/", "confirm": "forget"}
    assert v1.post("/v1/forgotten", json={**body, "confirm": "yes"}).status_code == 422
    wrong = v1.post("/v1/forgotten", json={**body, "profile_url": "https://example.org/"})
    assert wrong.json()["errors"][0]["field"] == "body.profile_url"
    assert v1.post("/v1/forgotten", json=body).json()["new"] is True
    assert v1.post("/v1/forgotten", json=body).json()["new"] is False
    allowed = {"profile_url": f"{SANDBOX}eve/"}
    assert v1.post("/v1/forgotten/allow", json=allowed).status_code == 204
    again = v1.post("/v1/forgotten/allow", json=allowed)
    assert (again.status_code, again.json()["type"]) == (404, "/problems/contact-unknown")


def test_what_is_older_than_its_account_keeps_it_is_erased(
    v1: TestClient, people: dict[str, int], database: Database
) -> None:
    path = "/v1/accounts/demo/retention"
    assert v1.get(path).json()["keep_days"] is None
    assert v1.post(f"{path}/erase").status_code == 409
    with database.transaction() as session:
        owner = accounts.find_account(session, "demo")
        assert owner is not None
        accounts.set_keep_days(session, owner.id, 30)
        old = a_contact(session, owner, "old")
        old.status, old.created_at = ContactStatus.PROSPECT, database_now(session) - timedelta(days=40)
    assert v1.get(path).json() == {
        "keep_days": 30, "people": 1, "profiles": 0, "scores": 0, "campaigns": 0,
    }  # fmt: skip
    purged = v1.post(f"{path}/erase").json()
    assert (purged["people"], purged["more"], purged["waits"]) == (1, False, False)
    assert [each["name"] for each in v1.get("/v1/contacts?account=demo").json()["items"]] == ["Ann", "Bob"]
    assert v1.post("/v1/accounts/nobody/retention/erase").status_code == 404


def test_the_birthdays_of_the_coming_days_come_in_pages(
    v1: TestClient, people: dict[str, int], database: Database
) -> None:
    with database.transaction() as session:
        today = database_now(session).date()
        for name in ("demo", "other"):
            owner = accounts.find_account(session, name)
            assert owner is not None
            for number in (1, 0):
                a_contact(session, owner, f"p{number}", birthday=today + timedelta(days=number))
    found: list[tuple[str, str, int]] = []
    cursor = None
    while cursor is not None or not found:
        asked = {"limit": "1", "days": "2"} | ({"cursor": cursor} if cursor else {})
        page = v1.get("/v1/birthdays", params=asked).json()
        found += [(each["account"], each["full_name"], each["days"]) for each in page["items"]]
        cursor = page["next"]
    expected = [("demo", "P0", 0), ("demo", "P1", 1), ("other", "P0", 0), ("other", "P1", 1)]
    assert found == expected
    assert len(v1.get("/v1/birthdays", params={"account": "other", "days": 1}).json()["items"]) == 1
