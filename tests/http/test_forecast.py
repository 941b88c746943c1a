"""`GET /data/forecast`: the forecast as numbers."""

from datetime import timedelta

from db.engine import Database
from tests.builders import a_contact, an_account, database_now
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from worker.rules.quota.limits import Limits


def test_a_forecast_is_told_with_its_days_and_people(client: TestClient, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session, limits=Limits(9, 1, 7, timedelta(0), timedelta(0)))
        for slug in ("ann", "bob"):
            a_contact(session, account, slug, birthday=database_now(session).date())
    told = client.get("/data/forecast", params={"account": "demo", "days": 3}).json()
    assert (told["account"], told["time_zone"], told["late_days"]) == ("demo", "UTC", 3)
    assert (told["birthdays"], told["in_time"], told["late"]) == (2, 1, 1)
    assert [(day["used"], day["limit"]) for day in told["days"]] == [(1, 1), (1, 1), (0, 1)]
    assert [person["held_back"] for person in told["people"]] == [None, "day_limit"]


def test_wrong_questions_are_problems(client: TestClient) -> None:
    unknown = client.get("/data/forecast", params={"account": "nobody"})
    assert problem(unknown, 404) == "there is no account called 'nobody'"
    assert "days" in problem(client.get("/data/forecast", params={"account": "demo", "days": 0}), 422)
    assert "account" in problem(client.get("/data/forecast"), 422)
