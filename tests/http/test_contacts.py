"""`GET /data/contacts`."""

import pytest

from db.engine import Database
from tests.builders import a_contact, an_account
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from worker.rules.model import ContactStatus


@pytest.fixture
def people(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for number in range(5):
            person = a_contact(session, account, f"p{number}", name=f"Person {number}")
            person.status, person.score = ContactStatus.PROSPECT, number * 20
            person.profile = {
                "headline": "Engineer",
                "location": "Paris",
                "open_to_work": number == 0,
                "degree": 2,
            }
        a_contact(session, an_account(session, "other"), "zoe", name="Zoe")


def test_contacts_come_in_pages(client: TestClient, people: None) -> None:
    first = client.get("/data/contacts", params={"limit": 4}).json()
    rest = client.get("/data/contacts", params={"limit": 4, "after": first["next_after"]}).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == [
        *(f"Person {number}" for number in range(5)),
        "Zoe",
    ]
    assert rest["next_after"] is None
    item = first["items"][0]
    del item["id"]
    assert item == {
        "account": "demo", "profile_url": "https://sandbox.test/in/p0/", "name": "Person 0",
        "member_url": None, "headline": "Engineer", "location": "Paris", "company": "", "status": "prospect",
        "score": 0, "open_to_work": True, "degree": 2, "do_not_contact": False, "last_greeted_on": None,
        "visited_at": None, "read_at": None,
    }  # fmt: skip


def test_contacts_are_narrowed(client: TestClient, people: None) -> None:
    def names(**asked: object) -> list[str]:
        return [item["name"] for item in client.get("/data/contacts", params=asked).json()["items"]]

    assert names(account="other") == ["Zoe"]
    assert names(account="nobody") == []
    assert names(status="connected") == ["Zoe"]
    assert names(min_score=60) == ["Person 3", "Person 4"]
    assert names(open_to_work=True) == ["Person 0"]
    assert len(names(open_to_work=False)) == 4
    assert names(text="PERSON 2") == ["Person 2"]


@pytest.mark.parametrize(
    "wrong",
    [
        "limit=0", "limit=1001", "after=-1", "min_score=101", "status=friend", "open_to_work=perhaps",
        "account=No%20Such", "text=%00", f"text={'x' * 101}", "skore=3",
    ],
)  # fmt: skip
def test_a_wrong_filter_is_named(client: TestClient, wrong: str) -> None:
    field = wrong.split("=", maxsplit=1)[0]
    assert problem(client.get(f"/data/contacts?{wrong}"), 422).startswith(f"query.{field}: ")
