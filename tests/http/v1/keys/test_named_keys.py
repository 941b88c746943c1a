"""What a named key is good for, how it ends, and that it is named in records and logs."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from structlog.testing import capture_logs

from api_stub.http.access.route_scopes import list_needed_scopes
from api_stub.http.named_keys import directory
from db.engine import Database
from db.store import api_keys, audit
from db.tables import ApiKey
from tests.cluster import wait_for
from tests.http.conftest import KEY, Front, TestClient
from tests.http.front_door.test_front_door import GUARDED, NOWHERE, SOME_ID, problem
from tests.http.v1.keys.conftest import Issue, PassTime, Visit
from worker.rules.access import KeyScope

OF_THE_PAST = datetime(2020, 1, 1, tzinfo=UTC)
LISTED = "/data/actions"
STOP = "/control/kill-switch"


def test_a_named_key_does_what_its_scopes_allow(visit: Visit, issue: Issue) -> None:
    needed = {
        "read": ("GET", LISTED), "control": ("POST", f"/control/campaigns/{SOME_ID}/pause"),
        "approve": ("POST", f"/control/actions/{SOME_ID}/drop"),
    }  # fmt: skip
    allowed = {"read": {"read"}, "control": {"read", "control"}, "approve": {"read", "approve"}}
    for scope in KeyScope:
        client = visit(issue(scope, name=f"for-{scope}"))
        for need, (method, path) in needed.items():
            answer = client.request(method, path, json={} if need == "approve" else None)
            if need in allowed.get(scope, set(needed)):
                assert answer.status_code in {200, 404}, (scope, need)
                continue
            assert f"'for-{scope}' lacks the scope '{need}'" in problem(answer, 403)
            assert answer.json()["type"] == "/problems/scope-missing"
            assert f'scope="{need}"' in answer.headers["WWW-Authenticate"]
        assert client.get("/metrics").status_code == 200


def test_the_scope_is_checked_before_the_body_is_read(visit: Visit, issue: Issue) -> None:
    client = visit(issue(KeyScope.READ))
    sent = client.post("/control/birthday", content=b"x" * 100_000, headers={"Content-Type": "text/plain"})
    assert problem(sent, 403)


def test_every_route_says_which_scope_it_needs(v1: TestClient) -> None:
    needed = {
        (method, path): scopes
        for path, methods, _, scopes in list_needed_scopes(cast("FastAPI", v1.app))
        for method in methods
    }
    for method, path in GUARDED:
        for name in ("action_id", "campaign_id"):
            scopes = needed.get((method, path.replace(SOME_ID, f"{{{name}}}")))
            if scopes is not None:
                assert scopes, path
                assert (method == "GET") == (scopes == {KeyScope.READ}), path
    assert KeyScope.ADMIN not in needed["POST", "/control/birthday"]


def test_a_route_that_says_nothing_needs_the_scope_admin() -> None:
    app = FastAPI()
    app.get("/new")(lambda: None)
    needed = {path: scopes for path, _, _, scopes in list_needed_scopes(app)}
    assert needed["/new"] == {KeyScope.ADMIN}


def test_a_bearer_token_is_taken_too_and_a_scraper_needs_no_more(visit: Visit, issue: Issue) -> None:
    client = visit(None)
    client.headers["Authorization"] = f"Bearer {issue(KeyScope.READ)}"
    for path in ("/metrics", LISTED, "/v1/caller"):
        assert client.get(path).status_code == 200
    assert "checks" in client.get("/ready").json()


def test_a_key_that_has_ended_says_so_to_its_owner_alone(
    visit: Visit, issue: Issue, database: Database
) -> None:
    key = issue(KeyScope.ADMIN)
    client, stranger = visit(key), visit(key[:-1] + ("A" if key[-1] != "A" else "B"))
    assert client.get(LISTED).status_code == 200
    with database.transaction() as session:
        session.execute(
            update(ApiKey).values(created_at=OF_THE_PAST, expires_at=OF_THE_PAST + timedelta(days=1))
        )
    ended = client.get(LISTED)
    assert "the key 'crm' has expired" in problem(ended, 401)
    assert ended.json()["type"] == "/problems/key-ended"
    with database.transaction() as session:
        api_keys.revoke_key(session, "crm", by="ops")
    assert "the key 'crm' was revoked" in problem(client.post(STOP, json={"on": True}), 401)
    assert problem(stranger.get(LISTED), 401) == "the key is wrong"


def test_a_former_secret_is_valid_for_the_overlap_and_the_one_before_it_no_more(
    visit: Visit, issue: Issue, database: Database, pass_time: PassTime
) -> None:
    def rotate(overlap: timedelta) -> str:
        with database.transaction() as session:
            made = api_keys.rotate_key(session, "crm", overlap=overlap, lifetime=None, by="ops")
        return made.key.get_secret_value()

    def status(key: str) -> int:
        return int(visit(key).get(LISTED).status_code)

    first = issue()
    second = rotate(timedelta(hours=1))
    assert (status(first), status(second)) == (200, 200)
    third = rotate(timedelta(hours=1))
    assert [status(key) for key in (first, second, third)] == [401, 200, 200]
    pass_time(3601)
    assert "has a newer secret" in problem(visit(second).get(LISTED), 401)
    assert status(third) == 200
    fourth = rotate(timedelta(0))
    assert (status(third), status(fourth)) == (401, 200)


def test_a_new_secret_is_valid_at_once_where_the_former_one_was_just_used(
    visit: Visit, issue: Issue, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "FRESH_FOR", timedelta(hours=1))
    assert visit(issue()).get(LISTED).status_code == 200
    with database.transaction() as session:
        made = api_keys.rotate_key(session, "crm", overlap=timedelta(hours=1), lifetime=None, by="ops")
    assert visit(made.key.get_secret_value()).get(LISTED).status_code == 200


def test_a_revoked_key_is_refused_within_two_seconds(
    client: TestClient, issue: Issue, database: Database, pass_time: PassTime
) -> None:
    client.headers["X-API-Key"] = issue()
    assert client.get(LISTED).status_code == 200
    with database.transaction() as session:
        api_keys.revoke_key(session, "crm", by="ops")
    pass_time(2)
    assert problem(client.get(LISTED), 401)


def test_the_last_use_is_noted_once_a_minute(
    client: TestClient, issue: Issue, database: Database, pass_time: PassTime
) -> None:
    def used_at() -> datetime | None:
        with database.transaction() as session:
            return session.scalars(select(ApiKey.used_at)).one()

    client.headers["X-API-Key"] = issue()
    client.get(LISTED)
    wait_for("the first use", lambda: used_at() is not None)
    with database.transaction() as session:
        session.execute(update(ApiKey).values(used_at=OF_THE_PAST))
    client.get(LISTED)
    pass_time(61)
    assert used_at() == OF_THE_PAST
    client.get(LISTED)
    wait_for("the second use", lambda: used_at() != OF_THE_PAST)


def test_the_records_and_the_log_name_the_key(visit: Visit, issue: Issue, database: Database) -> None:
    client = visit(issue(KeyScope.CONTROL))
    long = "Ann " + "x" * 190
    with capture_logs() as lines:
        client.post(STOP, json={"on": True})
        client.post(STOP, json={"on": False, "by": long})
    assert {line["key"] for line in lines if line["event"] == "request"} == {"crm"}
    with database.transaction() as session:
        told = [(each.change, each.by) for each in audit.list_changes(session)][:2]
    assert told == [("kill_switch.release", f"crm (for {long})"[:200]), ("kill_switch.pull", "crm")]


def test_while_postgres_is_away_the_built_in_key_works_and_a_named_one_says_why_not(front: Front) -> None:
    away = front(database_url=f"postgresql://u:p@{NOWHERE}/x")
    named = {"X-API-Key": f"rpt_{'0' * 12}_{'a' * 43}"}
    assert "the one in RAPPORT_API_KEY can" in problem(away.get(LISTED, headers=named), 503)
    assert away.get("/metrics").status_code == 200
    assert "stop the browser workers" in problem(away.post(STOP, json={"on": True}), 503)


def test_a_known_key_still_reaches_the_kill_switch_and_the_metrics_while_postgres_is_away(
    client: TestClient, issue: Issue, monkeypatch: pytest.MonkeyPatch, pass_time: PassTime
) -> None:
    client.headers["X-API-Key"] = issue(KeyScope.CONTROL)
    assert client.get(LISTED).status_code == 200

    def fails(_session: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(api_keys, "load_keys", fails)
    pass_time(3)
    assert problem(client.get(LISTED), 503)
    assert client.get("/metrics").status_code == 200
    assert client.post(STOP, json={"on": True}).json()["pulled_by"] == "crm"


def test_named_keys_need_no_built_in_one(front: Front, issue: Issue) -> None:
    client = front(api_key=None)
    assert client.get(LISTED, headers={"X-API-Key": issue()}).status_code == 200
    for other in (KEY, ""):
        assert "RAPPORT_API_KEY" in problem(client.get(LISTED, headers={"X-API-Key": other}), 503)
