"""Who is slowed down or locked out: wrong secrets, guesses, the rate of a key, keys in addresses."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from structlog.testing import capture_logs

from api_stub.http.access.api_key import MAX_WRONG_KEYS
from api_stub.http.named_keys import directory
from api_stub.http.named_keys.lockout import LOCKED_S, MAX_FAILURES
from db.store import api_keys
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.keys.conftest import Issue, PassTime, Visit
from worker.rules.access import KeyScope
from worker.rules.api_keys import parse_key

LISTED = "/data/actions"
STOP = "/control/kill-switch"


def test_a_network_is_locked_out_of_a_key_after_wrong_secrets_and_the_owner_elsewhere_is_not(
    visit: Visit, issue: Issue, pass_time: PassTime
) -> None:
    key = issue()
    public_id, _ = parse_key(key) or ("", "")
    wrong = f"rpt_{public_id}_{'x' * 43}"
    with capture_logs() as lines:
        for number in range(MAX_FAILURES):
            assert visit(wrong).get(LISTED).status_code == 401, number
        locked = visit(key).get(LISTED)
    assert "other networks may use it" in problem(locked, 429)
    assert locked.json()["type"] == "/problems/key-locked"
    assert 0 < int(locked.headers["Retry-After"]) <= LOCKED_S
    assert [line["public_id"] for line in lines if line["event"] == "key_locked_out"] == [public_id]
    assert key not in repr(lines)
    assert visit(key, host=1).get(LISTED).status_code == 200, "the owner, elsewhere"
    assert visit(issue(name="other")).get(LISTED).status_code == 200, "another key from there"
    pass_time(LOCKED_S)
    assert visit(key).get(LISTED).status_code == 200


def test_a_right_secret_ends_the_row_of_wrong_ones(visit: Visit, issue: Issue) -> None:
    key = issue()
    wrong = key[:-43] + "x" * 43
    for _ in range(2):
        for _ in range(MAX_FAILURES - 1):
            assert visit(wrong).get(LISTED).status_code == 401
        assert visit(key).get(LISTED).status_code == 200


def test_guesses_of_named_keys_are_slowed_down_as_others_are(visit: Visit) -> None:
    guesses = [f"rpt_{number:012x}_{'a' * 43}" for number in range(MAX_WRONG_KEYS + 1)]
    answers = [visit(guess).get(LISTED).status_code for guess in guesses]
    assert answers == [401] * MAX_WRONG_KEYS + [429]


def test_requests_at_the_same_time_and_guesses_read_the_keys_seldom(
    client: TestClient, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Mock(side_effect=api_keys.load_keys)
    monkeypatch.setattr(api_keys, "load_keys", load)
    monkeypatch.setattr(directory, "UNKNOWN_READ_AFTER", timedelta(hours=1))
    key = issue()
    for number in range(20):
        client.get(LISTED, headers={"X-API-Key": f"rpt_{number:012x}_{'a' * 43}"})
    assert client.get(LISTED, headers={"X-API-Key": key}).status_code == 200
    assert load.call_count <= 2


def test_a_key_has_a_rate_of_its_own_and_always_stops_everything(
    visit: Visit, issue: Issue, pass_time: PassTime
) -> None:
    client = visit(issue(KeyScope.CONTROL, burst=3, per_minute=30))
    other = visit(issue(name="other"))
    answers = [client.get(LISTED) for _ in range(3)]
    assert [each.headers["RateLimit"].partition(";t")[0] for each in answers] == [
        f'"burst";r={left}' for left in (2, 1, 0)
    ]
    assert answers[0].headers["RateLimit-Policy"] == '"burst";q=3, "minute";q=30;w=60'
    refused = client.get(LISTED)
    assert "'crm' may send 3 requests at once, 30 a minute" in problem(refused, 429)
    assert refused.headers["Retry-After"] == "2"
    assert client.post(STOP, json={"on": True}).status_code == 200
    assert other.get(LISTED).status_code == 200
    pass_time(2)
    assert [client.get(LISTED).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    "path",
    [
        f"{LISTED}?api_key=KEY", f"{LISTED}?account=demo&X-API-Key=KEY", f"{LISTED}?access_token=x",
        f"{LISTED}?%61pi_key=KEY", f"{LISTED}?note=KEY", "/data/KEY", "/?apikey=KEY", "/health?api-key=KEY",
    ],
)  # fmt: skip
def test_a_key_in_an_address_is_refused_and_not_repeated(visit: Visit, issue: Issue, path: str) -> None:
    key = issue()
    with capture_logs() as lines:
        answer = visit(key).get(path.replace("KEY", key))
    assert "in the X-API-Key header" in problem(answer, 400)
    assert answer.json()["type"] == "/problems/key-in-url"
    assert key[-43:] not in answer.text + repr(lines)
