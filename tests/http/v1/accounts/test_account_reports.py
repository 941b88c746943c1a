"""Forecast and summary of an account below /v1."""

import base64
from datetime import date, timedelta

from db.engine import Database, get_database_time
from db.store.people import accounts
from tests.builders import a_contact, an_account
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.conftest import ClientAs
from worker.rules.quota.limits import Limits

ONE_A_DAY = Limits(1, 1, 7, timedelta(0), timedelta(0))
PEOPLE = "/v1/accounts/demo/forecast/people"


def three_birthdays(database: Database) -> date:
    with database.transaction() as session:
        today = get_database_time(session).date()
        account = an_account(session, limits=ONE_A_DAY)
        accounts.save_session(session, account.id, b"sealed")
        for slug, day in (("ann", today), ("bob", today), ("cleo", today + timedelta(days=9))):
            a_contact(session, account, slug, birthday=day)
    return today


def test_the_people_of_a_forecast_come_in_pages_and_by_how_it_ends(
    v1: TestClient, database: Database
) -> None:
    today = three_birthdays(database)
    told = v1.get("/v1/accounts/demo/forecast", params={"days": 20}).json()
    assert (told["birthdays"], told["in_time"], told["late"]) == (3, 2, 1)
    assert "people" not in told
    first = v1.get(PEOPLE, params={"days": 20, "limit": 2}).json()
    rest = v1.get(PEOPLE, params={"days": 20, "limit": 2, "cursor": first["next"]}).json()
    days = [each["birthday_on"] for page in (first, rest) for each in page["items"]]
    assert (days, rest["next"]) == ([f"{today}", f"{today}", f"{today + timedelta(days=9)}"], None)
    late = v1.get(PEOPLE, params={"days": 20, "end": "late"}).json()["items"]
    assert [(each["days_late"], each["held_back"]) for each in late] == [(1, "run_limit")]
    others = v1.get(PEOPLE, params={"days": 30, "cursor": first["next"]})
    assert (others.status_code, others.json()["type"]) == (422, "/problems/cursor-invalid")
    old = v1.get("/data/forecast", params={"account": "demo", "days": 20}).json()
    assert {**old, "as_of": ""} == {**told, "as_of": "", "people": old["people"]}
    assert len(old["people"]) == 3


def test_a_cursor_names_nobody(v1: TestClient, database: Database) -> None:
    three_birthdays(database)
    cursor = v1.get(PEOPLE, params={"limit": 1}).json()["next"]
    assert b"ann" not in base64.urlsafe_b64decode(cursor.partition(".")[0]).lower()


def test_the_summary_is_that_of_the_old_address(v1_as: ClientAs, database: Database) -> None:
    today = three_birthdays(database)
    client = v1_as("read")
    told = client.get("/v1/accounts/demo/summary", params={"on": f"{today - timedelta(days=1)}"}).json()
    assert (told["account"], told["on"]) == ("demo", f"{today - timedelta(days=1)}")
    assert client.get("/v1/accounts/demo/summary").json()["outlook"] == {
        "today": 0, "later": 0, "too_late": 0,
    }  # fmt: skip
    for path in ("/v1/accounts/demo/summary?on=2999-01-01", "/data/summary?account=demo&on=2999-01-01"):
        refused = client.get(path)
        assert "query.on" in problem(refused, 422)
        assert [each["field"] for each in refused.json()["errors"]] == ["query.on"]
    assert problem(client.get("/v1/accounts/nobody/forecast"), 404)
