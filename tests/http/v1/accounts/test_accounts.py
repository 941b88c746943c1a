"""Accounts below /v1: list, add, change, pause, explain and remove them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api_stub.http.v1.accounts import accounts as routes
from db.engine import Database, get_database_time
from db.store import audit
from db.store.campaigns import schedules
from db.store.people import accounts
from db.tables import Contact
from tests.builders import a_contact, an_account
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.conftest import ClientAs
from worker.errors import Reason
from worker.rules.model import CampaignKind


def changes(database: Database) -> list[tuple[str, str, str, str]]:
    with database.transaction() as session:
        found = audit.list_changes(session)
    return [(each.by, each.change, each.about, each.detail) for each in reversed(found)]


def test_accounts_are_listed_in_pages_by_name(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        for name in ("cleo", "ann", "bob"):
            an_account(session, name)
    first = v1.get("/v1/accounts", params={"limit": 2}).json()
    rest = v1.get("/v1/accounts", params={"limit": 2, "cursor": first["next"]}).json()
    names = [[each["name"] for each in page["items"]] for page in (first, rest)]
    assert (names, rest["next"]) == ([["ann", "bob"], ["cleo"]], None)


def test_an_account_is_added_by_the_key_that_asked(v1: TestClient, database: Database) -> None:
    given = {"name": "ann", "site": "linkedin", "time_zone": "Europe/Paris"}
    refused = v1.post("/v1/accounts", json=given)
    assert "user agreement forbids" in problem(refused, 422)
    assert [each["field"] for each in refused.json()["errors"]] == ["body.accepts_risk"]
    added = v1.post("/v1/accounts", json={**given, "accepts_risk": True})
    assert (added.status_code, added.headers["Location"]) == (201, "/v1/accounts/ann")
    assert [each["cause"] for each in added.json()["halts"]] == ["not_signed_in"]
    assert v1.get("/v1/accounts/ann").json() == added.json()
    assert v1.get("/v1/accounts/ann/quota").json()["warm_up"]["share"] < 0.5
    assert changes(database) == [("api", "account.add", "ann", "Europe/Paris")]
    again = v1.post("/v1/accounts", json={**given, "accepts_risk": True, "time_zone": "UTC"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-exists")
    for wrong in ({"site": "ledger"}, {"time_zone": "Mars/Base"}, {"name": "Ann"}):
        fields = v1.post("/v1/accounts", json={**given, "accepts_risk": True, **wrong}).json()["errors"]
        assert [each["field"] for each in fields] == [f"body.{next(iter(wrong))}"]


def test_a_change_of_what_was_changed_meanwhile_changes_nothing(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    seen = v1.get("/v1/accounts/demo").headers["ETag"]
    changed = v1.patch("/v1/accounts/demo", json={"keep_days": 90}, headers={"If-Match": seen})
    assert (changed.status_code, changed.json()["keep_days"]) == (200, 90)
    assert changed.headers["ETag"] == v1.get("/v1/accounts/demo").headers["ETag"] != seen
    late = v1.patch("/v1/accounts/demo", json={"keep_days": None}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["type"]) == (412, "/problems/changed-meanwhile")
    assert v1.get("/v1/accounts/demo").json()["keep_days"] == 90
    assert v1.patch("/v1/accounts/demo", json={}).status_code == 422
    moved = v1.patch("/v1/accounts/demo", json={"time_zone": "Asia/Tokyo", "keep_days": None}).json()
    assert (moved["time_zone"], moved["keep_days"]) == ("Asia/Tokyo", None)
    assert changes(database) == [
        ("api", "account.keep", "demo", "90"),
        ("api", "account.zone", "demo", "Asia/Tokyo"),
        ("api", "account.keep", "demo", "for ever"),
    ]


def test_the_schedules_of_an_account_move_with_it(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        account, now = an_account(session), get_database_time(session)
        for kind, fires in ((CampaignKind.BIRTHDAY, now + timedelta(hours=30)), (CampaignKind.VISITOR, now)):
            schedules.save_schedule(
                session, account_id=account.id, kind=kind, cron="0 9 * * *", options={}, next_fire_at=fires
            )
    v1.patch("/v1/accounts/demo", json={"time_zone": "Asia/Tokyo"})
    with database.transaction() as session:
        birthdays, visits = schedules.list_schedules(session)
    told = datetime.fromisoformat(v1.get("/v1/schedules").json()["items"][0]["next_starts"][0])
    assert birthdays.next_fire_at == told
    assert birthdays.next_fire_at.astimezone(ZoneInfo("Asia/Tokyo")).hour == 9
    assert visits.next_fire_at == now, "what is due still fires"


def test_it_is_paused_and_resumed_by_a_key_that_may_control(v1_as: ClientAs, database: Database) -> None:
    with database.transaction() as session:
        accounts.save_session(session, an_account(session).id, b"sealed")
    control = v1_as("control")
    paused = control.post("/v1/accounts/demo/pause").json()
    assert (paused["status"], paused["halts"][0]["cause"]) == ("paused", "account_paused")
    assert "nothing to pause" in problem(control.post("/v1/accounts/demo/pause"), 409)
    resumed = control.post("/v1/accounts/demo/resume").json()
    assert (resumed["status"], resumed["halts"]) == ("active", [])
    assert "nothing to resume" in problem(control.post("/v1/accounts/demo/resume"), 409)
    with database.transaction() as session:
        accounts.stop_account(session, an_account(session).id, Reason.CHALLENGE)
    assert "check the account on the site" in problem(control.post("/v1/accounts/demo/resume"), 409)
    assert [change[:3] for change in changes(database)] == [
        ("control-key", "account.pause", "demo"),
        ("control-key", "account.resume", "demo"),
    ]


def test_the_sign_in_says_how_long_it_lasts(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        account, soon = an_account(session), get_database_time(session) + timedelta(days=2)
        accounts.save_session(session, account.id, b"sealed", expires_at=soon)
    told = v1.get("/v1/accounts/demo/sign-in").json()
    assert (told["signed_in"], told["expiry"]) == (True, "soon")
    assert "RAPPORT_SECRET_KEYS" in told["key_problem"]
    assert "rapport account sign-in demo" in told["advice"] or "practice network" in told["advice"]


def test_it_is_removed_only_by_whoever_has_seen_it(
    v1: TestClient, v1_as: ClientAs, database: Database
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "ann")
    assert v1_as("control", "approve").delete("/v1/accounts/demo").status_code == 403
    blind = v1.delete("/v1/accounts/demo")
    assert [each["field"] for each in blind.json()["errors"]] == ["header.If-Match"]
    stale = v1.delete("/v1/accounts/demo", headers={"If-Match": '"seen-long-ago"'})
    assert stale.status_code == 412
    assert v1.get("/v1/accounts/demo/data").json()["contacts"] == 1
    seen = v1.get("/v1/accounts/demo").headers["ETag"]
    removed = v1.delete("/v1/accounts/demo", headers={"If-Match": seen})
    assert (removed.status_code, removed.content) == (204, b"")
    assert v1.get("/v1/accounts/demo").status_code == 404
    with database.transaction() as session:
        assert session.query(Contact).count() == 0
    assert [change[:3] for change in changes(database)] == [
        ("api", "account.pause", "demo"),
        ("api", "account.remove", "demo"),
    ]


def test_two_removals_at_once_would_hold_too_many_slots(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    seen = v1.get("/v1/accounts/demo").headers["ETag"]
    with routes._removing:
        refused = v1.delete("/v1/accounts/demo", headers={"If-Match": seen})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert v1.get("/v1/accounts/demo").status_code == 200
