"""Access with and without the key, wrong requests, and servers that are away."""

import pytest
import redis
from httpx import Response
from sqlalchemy import select

from db.engine import Database
from db.tables import CampaignRequest
from tests.builders import an_account
from tests.http.conftest import KEY, Front, TestClient
from worker import queues
from worker.servers import redis_address
from worker.settings import Settings

NOWHERE = "127.0.0.1:1"
SOME_ID = "00000000-0000-4000-8000-000000000000"

GUARDED = [
    ("POST", "/control/birthday"),
    ("POST", "/control/visitor"),
    ("POST", "/control/sourcing"),
    ("POST", "/control/invitations"),
    ("GET", "/control/campaigns"),
    ("GET", f"/control/campaigns/{SOME_ID}"),
    ("POST", f"/control/campaigns/{SOME_ID}/pause"),
    ("POST", f"/control/campaigns/{SOME_ID}/resume"),
    ("POST", f"/control/campaigns/{SOME_ID}/cancel"),
    ("POST", f"/control/campaigns/{SOME_ID}/approve"),
    ("GET", "/control/proposals"),
    *(("POST", f"/control/actions/{SOME_ID}/{verb}") for verb in ("approve", "edit", "drop", "never")),
    ("GET", "/control/kill-switch"),
    ("POST", "/control/kill-switch"),
    ("GET", "/data/interactions"),
    ("GET", "/data/actions"),
    ("GET", "/data/quota"),
    ("GET", "/data/summary"),
    ("GET", "/data/forecast"),
    ("GET", "/data/contacts"),
    ("GET", "/metrics"),
]


def problem(answer: Response, status: int) -> str:
    """Return the detail of a problem document; fails if the response is not one."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    return str(body["detail"])


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", "Ünïcode"])
def test_without_the_key_nothing_is_told(client: TestClient, key: str | None) -> None:
    del client.headers["X-API-Key"]
    headers = {} if key is None else {"X-API-Key": key.encode()}
    for method, path in GUARDED:
        told = problem(client.request(method, path, headers=headers), 401)
        assert told == "the key is wrong" if key else "X-API-Key" in told


def test_without_a_key_set_nobody_comes_in(front: Front) -> None:
    client = front(api_key=None)
    for method, path in GUARDED:
        assert "RAPPORT_API_KEY" in problem(client.request(method, path), 503)


def test_the_guarded_routes_are_all_but_two(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    guarded = {
        (method, path.replace(SOME_ID, "{action_id}" if "/actions/" in path else "{campaign_id}"))
        for method, path in GUARDED
    }
    old = {path: verbs for path, verbs in paths.items() if not path.startswith("/v1/")}
    told = {(method.upper(), path) for path, verbs in old.items() for method in verbs}
    assert told - guarded == {("GET", "/health"), ("GET", "/ready")}


def test_health_asks_nobody(front: Front) -> None:
    away = front(database_url=f"postgresql://u:p@{NOWHERE}/x", redis_url=f"redis://{NOWHERE}/0", api_key=None)
    assert away.get("/health").json() == {"status": "ok"}


def test_metrics_take_the_key_as_a_header_or_as_a_bearer(client: TestClient) -> None:
    assert client.get("/metrics").text.startswith("# HELP")
    del client.headers["X-API-Key"]
    assert client.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    assert problem(client.get("/metrics", headers={"Authorization": "Bearer no"}), 401) == "the key is wrong"
    assert problem(client.get("/metrics", headers={"Authorization": f"Basic {KEY}"}), 401)


def test_a_bearer_token_opens_what_the_header_opens(client: TestClient) -> None:
    del client.headers["X-API-Key"]
    for method, path in GUARDED:
        for token, refused in ((KEY, False), (KEY + "x", True)):
            answer = client.request(method, path, headers={"Authorization": f"Bearer {token}"})
            assert (answer.status_code == 401) is refused, path
    both = {"Authorization": f"Bearer {KEY}", "X-API-Key": "wrong"}
    assert problem(client.get("/data/actions", headers=both), 401)


def test_metrics_can_be_open_and_nothing_else_is(front: Front) -> None:
    client = front(open_metrics=True)
    del client.headers["X-API-Key"]
    assert client.get("/metrics").status_code == 200
    assert problem(client.get("/data/actions"), 401)


def test_a_good_correlation_id_comes_back(client: TestClient) -> None:
    for given in ("a", "trace-1.2_3", "x" * 64):
        answer = client.get("/health", headers={"X-Correlation-ID": given})
        assert answer.headers["X-Correlation-ID"] == given


def test_a_malformed_correlation_id_is_replaced(client: TestClient) -> None:
    for given in ("", "x" * 65, "two words", "<b>", "a;b"):
        made = client.get("/health", headers={"X-Correlation-ID": given}).headers["X-Correlation-ID"]
        assert made
        assert made != given


def test_a_traced_caller_finds_our_lines_by_its_trace(client: TestClient) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    header = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    assert client.get("/health", headers=header).headers["X-Correlation-ID"] == trace
    both = header | {"X-Correlation-ID": "ours-1"}
    assert client.get("/health", headers=both).headers["X-Correlation-ID"] == "ours-1"


def test_a_refused_request_names_its_correlation_id(client: TestClient) -> None:
    answer = client.get("/data/actions", headers={"X-API-Key": "wrong", "X-Correlation-ID": "refused-1"})
    assert (answer.status_code, answer.json()["correlation_id"]) == (401, "refused-1")


def test_two_requests_without_one_get_two_correlation_ids(client: TestClient) -> None:
    ids = {client.get("/data/actions?limit=0").headers["X-Correlation-ID"] for _ in range(2)}
    assert len(ids) == 2


def test_a_wrong_field_is_named(client: TestClient) -> None:
    wrong: dict[str, object] = {
        "body.account": {},
        "body.late_days": {"account": "demo", "late_days": 11},
        "body.colour": {"account": "demo", "colour": "red"},
        "body.campaign_id": {"account": "demo", "campaign_id": "one"},
        "body": None,
    }
    for field, body in wrong.items():
        assert problem(client.post("/control/birthday", json=body), 422).startswith(f"{field}: ")
    assert problem(client.post("/control/birthday", json={"account": "No Such"}), 422)


def test_a_wrong_question_is_refused(client: TestClient) -> None:
    for path in (
        "/data/actions?limit=0", "/data/actions?limit=1001", "/data/actions?state=happy",
        "/data/actions?before=7", "/data/actions?account=%00", "/data/interactions?before=0",
        "/data/interactions?before=9223372036854775808", "/data/interactions?account=%00",
        "/control/campaigns?limit=x", "/control/campaigns?account=%00", "/control/campaigns/one",
    ):  # fmt: skip
        assert problem(client.get(path), 422)


def test_a_wrong_switch_is_refused(client: TestClient) -> None:
    for body in (
        {}, {"on": "perhaps"}, {"on": True, "by": ""}, {"on": True, "by": "\0"}, {"on": True, "by": "a\x9b"},
        {"on": True, "by": "a\N{RIGHT-TO-LEFT ISOLATE}"}, {"on": True, "by": "\u200d "}, {"on": True, "x": 1}
    ):  # fmt: skip
        assert problem(client.post("/control/kill-switch", json=body), 422)
    assert client.get("/control/kill-switch").json()["on"] is False


def test_an_unknown_path_and_a_wrong_method_are_problems_too(client: TestClient) -> None:
    assert problem(client.get("/nothing"), 404)
    assert problem(client.get("/control/birthday"), 405)


def test_an_unknown_account_is_said_before_anything_is_sent(client: TestClient, redis_url: str) -> None:
    said = problem(client.post("/control/birthday", json={"account": "nobody"}), 404)
    assert said == "there is no account called 'nobody'"
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.keys("*") == []


@pytest.mark.parametrize("kind", ["birthday", "invitations"])
def test_a_campaign_goes_to_the_queue_with_the_callers_ids(
    client: TestClient, database: Database, redis_url: str, kind: str
) -> None:
    with database.transaction() as session:
        an_account(session)
    headers = {"X-Correlation-ID": "trace-7"}
    body = {"account": "demo", "dry_run": True}
    answer = client.post(f"/control/{kind}", json=body, headers=headers)
    assert answer.status_code == 202
    accepted = answer.json()
    assert (accepted["correlation_id"], accepted["dry_run"]) == ("trace-7", True)
    chosen = client.post(f"/control/{kind}", json={**body, "campaign_id": SOME_ID})
    assert chosen.json()["campaign_id"] == SOME_ID
    with redis.Redis.from_url(redis_url, decode_responses=True) as broker:
        messages = [
            m for key in broker.keys("*") if broker.type(key) == "list" for m in broker.lrange(key, 0, -1)
        ]
    assert len(messages) == 2
    assert any("trace-7" in message for message in messages)
    assert all(f"tasks.{kind}.campaign" in message for message in messages)


def test_redis_away_loses_no_campaign(front: Front, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    away = front(redis_url=f"redis://{NOWHERE}/0")
    answer = away.post("/control/birthday", json={"account": "demo", "late_days": 5})
    assert answer.status_code == 202
    with database.transaction() as session:
        kept = session.scalars(select(CampaignRequest)).one()
        assert str(kept.campaign_id) == answer.json()["campaign_id"]
        assert (kept.kind, (kept.options or {})["late_days"]) == ("birthday", 5)


def test_postgres_away_is_said_as_such(front: Front) -> None:
    away = front(database_url=f"postgresql://u:secret-word@{NOWHERE}/x")
    for answer in (away.get("/data/actions"), away.post("/control/birthday", json={"account": "demo"})):
        assert problem(answer, 503) == "Postgres does not answer"
        assert "secret-word" not in answer.text


def test_a_switch_that_can_not_be_reached_says_what_stops_everything_all_the_same(front: Front) -> None:
    away = front(database_url=f"postgresql://u:p@{NOWHERE}/x")
    pulled = problem(away.post("/control/kill-switch", json={"on": True}), 503)
    assert "stop the browser workers" in pulled
    assert "released" in problem(away.post("/control/kill-switch", json={"on": False}), 503)
    assert "can't be read" in problem(away.get("/control/kill-switch"), 503)


def test_ready_names_the_workers_that_are_missing(client: TestClient) -> None:
    answer = client.get("/ready")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert {name: check["ok"] for name, check in checks.items()} == {
        "postgres": True, "schema": True, "redis": True, "workers": False, "accounts": True,
    }  # fmt: skip
    assert checks["workers"]["detail"].startswith(
        "nobody takes messages of: birthday, visitor, sourcing, control, celery ("
    )


def test_ready_names_the_browser_workers_that_are_missing(client: TestClient, redis_url: str) -> None:
    with queues.connect(redis_address.parse(redis_url)) as redis:
        queues.record_consumer(redis, "control@box", queues.CONTROL_QUEUES, asked_s=0, busy_s=None)
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert "messages of: birthday, visitor, sourcing (" in answer.json()["checks"]["workers"]["detail"]


def test_ready_when_workers_take_messages_of_every_queue(
    client: TestClient, front: Front, redis_url: str
) -> None:
    with queues.connect(redis_address.parse(redis_url)) as redis:
        queues.record_consumer(redis, "browser1@box", queues.BROWSER_QUEUES, asked_s=0, busy_s=None)
        queues.record_consumer(redis, "control@box", ["control"], asked_s=0, busy_s=None)
        answer = client.get("/ready")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        assert "nobody takes messages of: celery" in answer.json()["checks"]["workers"]["detail"]
        queues.record_consumer(redis, "control@box", queues.CONTROL_QUEUES, asked_s=0, busy_s=None)
    answer = front().get("/ready")  # the first one's answer is kept for some seconds
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert "control: 0 waiting, taken by control@box" in answer.json()["checks"]["workers"]["detail"]


def test_ready_names_everything_that_is_away(front: Front) -> None:
    away = front(database_url=f"postgresql://u:p@{NOWHERE}/x", redis_url=f"redis://{NOWHERE}/0")
    answer = away.get("/ready")
    assert answer.status_code == 503
    assert {name: check["ok"] for name, check in answer.json()["checks"].items()} == dict.fromkeys(
        ("postgres", "schema", "redis", "workers", "accounts"), False
    )


def test_the_process_is_set_up_from_its_environment(
    monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str
) -> None:
    from api_stub.http import app  # noqa: PLC0415 -- its parts are replaced here

    configured: list[object] = []
    monkeypatch.setattr("api_stub.http.app.logs.configure", configured.append)
    settings = Settings(DATABASE_URL=database_url, REDIS_URL=redis_url)
    monkeypatch.setattr(app, "get_settings", lambda: settings)
    assert app.create_app_from_environment().title == "Rapport"
    assert configured == [settings]
