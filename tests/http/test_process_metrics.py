"""The HTTP process counts its requests, and serves a part of the metrics; another server has metrics only."""

import pytest
from fastapi.testclient import TestClient as PlainClient
from prometheus_client.parser import text_string_to_metric_families

from api_stub.http.process_metrics import create_metrics_app
from tests.http.conftest import KEY, Front, TestClient
from worker.metrics.error_types import ERROR_LABELS
from worker.settings import Settings

KEYED, WRONG = {"X-API-Key": KEY}, {"X-API-Key": "wrong"}
Series = dict[tuple[str, ...], float]


def read(text: str, name: str) -> Series:
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def counted(client: TestClient, name: str = "linkedin_api_request_duration_seconds_count") -> Series:
    return read(client.get("/metrics?part=processes", headers=KEYED).text, name)


def grown(before: Series, after: Series) -> Series:
    return {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}


@pytest.mark.parametrize(
    ("method", "path", "headers", "series"),
    [
        ("GET", "/data/actions?limit=1", KEYED, ("GET", "/data/actions", "200")),
        ("GET", "/data/actions?limit=x", KEYED, ("GET", "/data/actions", "422")),
        ("GET", "/data/actions", WRONG, ("GET", "/data/actions", "401")),
        ("GET", "/control/campaigns/no-campaign", KEYED, ("GET", "/control/campaigns/{campaign_id}", "422")),
        ("GET", "/wp-login.php", KEYED, ("GET", "unknown", "404")),
        ("BREW", "/data/actions", KEYED, ("other", "/data/actions", "405")),
        ("POST", "/control/birthday?" + "x" * 9000, KEYED, ("POST", "/control/birthday", "414")),
    ],
)
def test_a_request_counts_under_its_route_also_if_it_was_refused_before(
    client: TestClient, method: str, path: str, headers: dict[str, str], series: tuple[str, ...]
) -> None:
    counted(client)  # its own series is there from now on
    before = counted(client)
    client.request(method, path, headers=headers)
    found = grown(before, counted(client))
    found.pop(("GET", "/metrics", "200"))
    assert found == {series: 1}


def test_an_answer_of_400_and_above_is_an_error(client: TestClient) -> None:
    before = counted(client, "linkedin_errors_total")
    client.get("/data/actions", headers=WRONG)
    client.get("/wp-login.php", headers=KEYED)
    found = grown(before, counted(client, "linkedin_errors_total"))
    assert found == {("http", "http_401"): 1, ("http", "http_404"): 1}


def test_every_error_that_may_occur_is_there_from_the_start(client: TestClient) -> None:
    known = {(service, kind) for kind, service in ERROR_LABELS}
    assert known <= counted(client, "linkedin_errors_total").keys()


def test_every_route_is_there_from_the_start(client: TestClient) -> None:
    found = counted(client)
    routes = {(method, path) for method, path, _ in found}
    paths = client.get("/openapi.json", headers=KEYED).json()["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} <= routes
    assert ("POST", "/control/birthday", "202") in found
    assert {("GET", "/approve/{token}", "200"), ("POST", "/approve/{token}", "200")} <= found.keys()


def test_requests_of_an_attacker_add_one_series_at_most_for_each_answer(client: TestClient) -> None:
    counted(client)
    before = counted(client)
    for number in range(20):
        client.request(f"VERB{number}", f"/admin-{number}", headers=KEYED)
        client.request("GET", f"/control/campaigns/{number}", headers={"X-API-Key": f"guess-{number}"})
        client.request("GET", f"/control/campaigns/{number}%0a{number}", headers=KEYED)
    assert len(counted(client)) - len(before) <= 5


def test_a_part_is_served_alone_and_another_word_is_refused(client: TestClient) -> None:
    processes = client.get("/metrics?part=processes", headers=KEYED).text
    state = client.get("/metrics?part=state", headers=KEYED).text
    both = client.get("/metrics", headers=KEYED).text
    for part, has, lacks in (
        (processes, "linkedin_api_request_duration_seconds_count{", "rapport_postgres_up"),
        (processes, "rapport_build_info{", "rapport_redis_up"),
        (state, "rapport_postgres_up 1.0", "linkedin_api_request_duration_seconds_count{"),
    ):
        assert has in part
        assert lacks not in part
        assert has in both
    refused = client.get("/metrics?part=all", headers=KEYED)
    assert refused.status_code == 422
    assert "'processes' or 'state'" in refused.json()["detail"]


def test_the_queues_and_their_consumers_are_read_and_absent_without_redis(
    client: TestClient, front: Front
) -> None:
    text = client.get("/metrics?part=state", headers=KEYED).text
    assert read(text, "rapport_redis_up") == {(): 1}
    assert read(text, "rapport_queue_length")[("birthday",)] == 0
    assert read(text, "rapport_queue_consumers")[("birthday",)] == 0
    away = front(redis_url="redis://127.0.0.1:1/0").get("/metrics?part=state", headers=KEYED).text
    assert read(away, "rapport_redis_up") == {(): 0}
    assert read(away, "rapport_quota_fallback_in_force") == {(): 1}
    assert "rapport_queue_length" not in away


def test_a_machine_without_the_api_serves_its_processes_to_who_has_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAPPORT_API_KEY", KEY)
    monkeypatch.setattr("api_stub.http.process_metrics.get_settings", Settings)
    monkeypatch.setattr("api_stub.http.process_metrics.logs.configure", lambda _: None)
    alone = PlainClient(create_metrics_app())
    assert alone.get("/health").json() == {"status": "ok"}
    assert alone.get("/metrics").status_code == 401
    answer = alone.get("/metrics", headers=KEYED).text
    assert read(answer, "rapport_process_memory_bytes")[("metrics",)] > 1_000_000
    assert alone.get("/metrics?part=state", headers=KEYED).text == ""
    assert alone.get("/data/actions", headers=KEYED).status_code == 404
