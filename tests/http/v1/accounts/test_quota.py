"""The quota of an account below /v1: limits, warm-up, breakers, and who changed what."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from db.engine import Database, get_database_time
from db.store import audit
from db.store.people import accounts
from db.store.quota import epochs, limits
from db.tables import Action, QuotaGate
from tests.builders import TEN, a_contact, add_planned, an_account
from tests.cluster import wait_for
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.conftest import ClientAs
from worker.errors import Reason
from worker.rules.model import Kind

WAITS = "select exists (select from pg_locks where not granted)"
LIMITS = "/v1/accounts/demo/quota/limits"


@pytest.fixture(autouse=True)
def _account(database: Database) -> None:
    with database.transaction() as session:
        an_account(session)


def test_limits_are_changed_one_by_one_and_logged_under_the_key(v1: TestClient, database: Database) -> None:
    before = v1.get(f"{LIMITS}/greet").json()
    changed = v1.patch(
        f"{LIMITS}/greet",
        json={"per_day": 20, "gap_min_s": 90.5, "gap_max_s": 180, "opens": "08:00", "days": ["fri", "mon"]},
    )
    assert changed.json() == before | {
        "per_day": 20, "gap_min_s": 90.5, "gap_max_s": 180.0, "opens": "08:00", "days": ["mon", "fri"],
    }  # fmt: skip
    assert v1.get(LIMITS).json()["kinds"]["greet"] == changed.json()
    together = v1.patch(f"{LIMITS}/all", json={"per_week": 60_000}).json()
    assert together == v1.get(LIMITS).json()["together"] == {"per_day": 10_000, "per_week": 60_000}
    first = v1.get("/v1/accounts/demo/quota/changes", params={"limit": 1}).json()
    assert [(each["by"], each["what"]) for each in first["items"]] == [("api", "total")]
    (change,) = v1.get(
        "/v1/accounts/demo/quota/changes", params={"limit": 1, "cursor": first["next"]}
    ).json()["items"]
    assert {each["name"]: (each["before"], each["after"]) for each in change["differences"]} == {
        "per_day": (10_000, 20),
        "gap": ("0s", "90.5s-180s"),
        "hours": ("00:00-24:00", "08:00-24:00"),
        "days": (["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ["mon", "fri"]),
    }
    with database.transaction() as session:
        told = [(each.by, each.change, each.detail) for each in audit.list_changes(session)]
    assert told == [("api", "quota.limits", "all"), ("api", "quota.limits", "greet")]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("greet", {}, "at least one"),
        ("greet", {"per_day": None}, "at least one"),
        ("greet", {"per_day": -1}, "body.per_day"),
        ("greet", {"opens": "9:00"}, "body.opens"),
        ("greet", {"opens": "19:00", "closes": "07:00"}, "open"),
        ("greet", {"gap_min_s": 200, "gap_max_s": 100}, "gap"),
        ("greet", {"days": []}, "body.days"),
        ("greet", {"per_year": 3}, "body.per_year"),
        ("all", {"per_day": 70_000, "per_week": 10}, "week"),
        ("all", {"gap_min_s": 3}, "body.gap_min_s"),
        ("poke", {"per_day": 3}, "path.kind"),
    ],
)
def test_wrong_limits_are_refused_and_change_nothing(
    v1: TestClient, path: str, body: dict[str, object], says: str
) -> None:
    before = v1.get(LIMITS).json()
    assert says in problem(v1.patch(f"{LIMITS}/{path}", json=body), 422)
    assert v1.get(LIMITS).json() == before


def test_a_hard_ceiling_is_above_every_key(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        an_account(session, "real", site="linkedin", limits=TEN)
    refused = v1.patch("/v1/accounts/real/quota/limits/greet", json={"per_day": 31, "per_week": 100})
    assert "30" in problem(refused, 422)
    assert refused.json()["type"] == "/problems/request-refused"
    with database.transaction() as session:
        assert audit.list_changes(session) == []


def test_of_two_that_read_the_same_limits_one_changes_them(v1: TestClient) -> None:
    seen = {"If-Match": v1.get(f"{LIMITS}/visit").headers["ETag"]}
    assert v1.patch(f"{LIMITS}/visit", json={"per_day": 5}, headers=seen).status_code == 200
    late = v1.patch(f"{LIMITS}/visit", json={"per_day": 6}, headers=seen)
    assert (late.status_code, late.headers["ETag"]) == (412, v1.get(f"{LIMITS}/visit").headers["ETag"])
    assert v1.get(f"{LIMITS}/visit").json()["per_day"] == 5


def test_a_change_under_way_is_waited_for_and_then_seen(v1: TestClient, database: Database) -> None:
    seen = {"If-Match": v1.get(f"{LIMITS}/visit").headers["ETag"]}
    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            account = accounts.find_account(session, "demo", lock=True)
            assert account is not None
            late = other.submit(v1.patch, f"{LIMITS}/visit", json={"per_day": 6}, headers=seen)
            wait_for("the request to wait", lambda: session.scalar(text(WAITS)))
            limits.set_limits(session, account.id, Kind.VISIT, TEN, by="somebody else")
        assert late.result().status_code == 412
    assert v1.get(f"{LIMITS}/visit").json()["per_day"] == TEN.per_day


def test_only_an_admin_changes_limits(v1_as: ClientAs) -> None:
    client = v1_as("control", "approve")
    assert client.get(LIMITS).status_code == 200
    assert client.patch(f"{LIMITS}/all", json={"per_day": 5}).json()["type"] == "/problems/scope-missing"
    assert client.post("/v1/accounts/demo/quota/reset", json={}).status_code == 403


def test_a_warm_up_begins_and_ends(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        today = get_database_time(session).date()
    path = "/v1/accounts/demo/quota/warm-up"
    began = v1.put(path, json={"began_on": today.isoformat()})
    assert began.json()["began_on"] == today.isoformat()
    assert began.json()["share"] < 0.5
    assert began.headers["ETag"] == v1.get(path).headers["ETag"]
    assert "future" in problem(v1.put(path, json={"began_on": f"{today + timedelta(days=2)}"}), 422)
    assert v1.delete(path, headers={"If-Match": '"other"'}).status_code == 412
    assert v1.delete(path, headers={"If-Match": began.headers["ETag"]}).status_code == 204
    assert v1.get(path).json() == {"began_on": None, "share": 1.0}


def test_a_reset_closes_breakers_and_lets_denied_actions_ask_again(
    v1: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, a_contact(session, account, "ann"))
        later = get_database_time(session) + timedelta(hours=3)
        session.execute(update(Action).values(reason=Reason.BREAKER_OPEN, not_before=later))
        epochs.reset_breakers(session, account.id, [Kind.GREET])
        session.execute(update(QuotaGate).values(failures=5, open_until=later))
    told = v1.post("/v1/accounts/demo/quota/reset", json={"kinds": ["greet", "greet"]}).json()
    assert told == {"closed": ["greet"], "asked_again": 1}
    with database.transaction() as session:
        assert [row.failures for row in session.scalars(select(QuotaGate))] == [0]
    (change,) = v1.get("/v1/accounts/demo/quota/changes", params={"limit": 1}).json()["items"]
    assert (change["what"], change["closed"], change["differences"]) == ("breaker", ["greet"], [])
